package vivavoce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** LangChain4j reads the streams of the gateway; each test names the rules that it proves. */
class LangChain4jTest {
    private static final String CHAT_MODEL = "conversational/haiku";
    private static final String TOOL_MODEL = "recruiter-triage/haiku";
    private static final Duration TURN = Duration.ofMinutes(10);
    private static Gateway gateway;

    @BeforeAll
    static void start() throws Exception {
        gateway = new Gateway();
    }

    @AfterAll
    static void stop() throws Exception {
        gateway.close();
    }

    /** What came of a stream: its pieces, and the whole response or the error that ended it. */
    private static final class Heard implements StreamingChatResponseHandler {
        final StringBuffer pieces = new StringBuffer();
        final CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
        final CompletableFuture<Throwable> error = new CompletableFuture<>();

        @Override
        public void onPartialResponse(String piece) {
            pieces.append(piece);
        }

        @Override
        public void onCompleteResponse(ChatResponse response) {
            whole.complete(response);
            error.complete(null);
        }

        @Override
        public void onError(Throwable thrown) {
            error.complete(thrown);
            whole.completeExceptionally(thrown);
        }
    }

    private static Heard hear(String model, String prompt, ToolSpecification... tools) {
        OpenAiStreamingChatModel chat = OpenAiStreamingChatModel.builder()
                .baseUrl(gateway.baseUrl).apiKey(Gateway.KEY).modelName(model).timeout(TURN).build();
        ChatRequest.Builder request = ChatRequest.builder().messages(UserMessage.from(prompt));
        if (tools.length > 0) request.toolSpecifications(tools);
        Heard heard = new Heard();
        chat.chat(request.build(), heard);
        return heard;
    }

    private static String textOf(Heard heard) throws Exception {
        String text = heard.whole.get(TURN.toSeconds(), TimeUnit.SECONDS).aiMessage().text();
        assertEquals(text, heard.pieces.toString());
        return text;
    }

    /** [ST1] [ST9] */
    @Test
    void text() throws Exception {
        assertEquals("Здравей, „свят“ 👩‍🚀 <&>", textOf(hear(CHAT_MODEL, "кажи точно: Здравей, „свят“ 👩‍🚀 <&>")));
    }

    /** [ST3] [ST18] */
    @Test
    void silences() throws Exception {
        assertEquals("1 2", textOf(hear(CHAT_MODEL, "count to 2 [rehearse first=21000 slow=11000]")));
    }

    /** [FN2] */
    @Test
    void call() throws Exception {
        ToolSpecification weather = ToolSpecification.builder().name("get_weather").description("The weather in a city.")
                .parameters(JsonObjectSchema.builder().addStringProperty("city").required("city").build()).build();
        String prompt = "[rehearse first=11000 call=get_weather input={\"city\":\"София\"}]";
        ChatResponse response = hear(CHAT_MODEL, prompt, weather).whole.get(TURN.toSeconds(), TimeUnit.SECONDS);
        var calls = response.aiMessage().toolExecutionRequests();
        assertEquals(1, calls.size());
        assertEquals("get_weather {\"city\":\"София\"}", calls.get(0).name() + " " + calls.get(0).arguments());
    }

    /** [DO8] [ST18] */
    @Test
    void toolAgent() throws Exception {
        String first = textOf(hear(TOOL_MODEL, "[rehearse first=11000 call=Glob input={\"pattern\":\"*\"}]"));
        assertTrue(first.startsWith("The tool answered: No files found"), first);
        String between = textOf(hear(TOOL_MODEL, "say exactly: Един миг.\n[rehearse call=Glob input={\"pattern\":\"*\"}]"));
        assertTrue(between.startsWith("Един миг.\n\nThe tool answered: No files found"), between);
    }

    /** [CC2] [ER1] */
    @Test
    void errorBeforeTheFirstEvent() throws Exception {
        Throwable error = hear("no-such-model", "hello").error.get(TURN.toSeconds(), TimeUnit.SECONDS);
        assertTrue(String.valueOf(error).contains("does not exist"), String.valueOf(error));
    }

    /** [ER3] [R63] LangChain4j takes an error in the stream for its end; what was said before the error is there. */
    @Test
    void errorInMidStream() throws Exception {
        String said = textOf(hear(CHAT_MODEL, "count to 50 [rehearse drop=5]"));
        assertTrue(!said.isEmpty() && "1 2 3 4 5".startsWith(said), said);
    }
}
