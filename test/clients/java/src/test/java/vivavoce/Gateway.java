package vivavoce;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The gateway as a process, with a rehearsal of the model API behind the real Claude Code CLI. */
final class Gateway implements AutoCloseable {
    static final String KEY = "key-of-the-java-tests";
    private static final Pattern LISTENING = Pattern.compile("\"listening\":\"([^\"]+)\"");
    private static final int STOP_SECONDS = 20;

    /** Where its OpenAI paths are. */
    final String baseUrl;
    private final Process process;

    Gateway() throws IOException {
        Path root = Path.of("../../..").toAbsolutePath().normalize();
        ProcessBuilder command = new ProcessBuilder("node", "src/cli/bin.ts", "serve", "--rehearsal").directory(root.toFile());
        command.environment().keySet().removeIf(name -> name.startsWith("VIVAVOCE_"));
        String path = root.resolve("node_modules/.bin") + File.pathSeparator + System.getenv("PATH");
        command.environment().put("PATH", path);
        command.environment().put("VIVAVOCE_PORT", "0");
        command.environment().put("VIVAVOCE_LOG_LEVEL", "error");
        command.environment().put("API_BEARER_TOKEN", KEY);
        // The program that `PATH` names, not the one that Java would find on its own.
        command.command().set(0, root.resolve("node_modules/.bin/node").toString());
        process = command.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        baseUrl = listening(process) + "/v1";
    }

    private static String listening(Process process) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            Matcher said = LISTENING.matcher(line);
            if (said.find()) return said.group(1);
        }
        throw new IOException("the gateway did not start");
    }

    /** Asks the gateway to stop. */
    @Override
    public void close() throws Exception {
        process.destroy();
        if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException("the gateway did not stop");
        }
    }
}
