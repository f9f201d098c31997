package clients

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	key          = "key-of-the-go-tests"
	startTimeout = 10 * time.Minute
	stopTimeout  = time.Minute
)

// baseURL is the gateway's, with a rehearsal of the model API behind the real Claude Code CLI.
var baseURL string

func TestMain(m *testing.M) {
	os.Exit(serve(m.Run))
}

// serve runs the tests beside one gateway; the gateway must stop by itself when it is asked to.
func serve(run func() int) int {
	root, err := filepath.Abs("../../..")
	if err != nil {
		panic(err)
	}
	command := exec.Command(filepath.Join(root, "node_modules", ".bin", "node"), "src/cli/bin.ts", "serve", "--rehearsal")
	command.Dir = root
	command.Env = environment(root)
	command.Stderr = os.Stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		panic(err)
	}
	if err := command.Start(); err != nil {
		panic(err)
	}
	late := time.AfterFunc(startTimeout, func() { _ = command.Process.Kill() })
	if !listen(bufio.NewScanner(stdout)) {
		fmt.Fprintln(os.Stderr, "the gateway did not start")
		return 1
	}
	late.Stop()
	code := run()
	_ = command.Process.Signal(syscall.SIGTERM)
	late = time.AfterFunc(stopTimeout, func() { _ = command.Process.Kill() })
	defer late.Stop()
	if err := command.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, "the gateway did not stop well:", err)
		return 1
	}
	return code
}

// listen reads the gateway's stdout until it has said its address.
func listen(lines *bufio.Scanner) bool {
	for lines.Scan() {
		var said struct {
			Listening string `json:"listening"`
		}
		if json.Unmarshal(lines.Bytes(), &said) == nil && said.Listening != "" {
			baseURL = said.Listening + "/v1"
			return true
		}
	}
	return false
}

func environment(root string) []string {
	kept := []string{}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "VIVAVOCE_") && !strings.HasPrefix(variable, "PATH=") {
			kept = append(kept, variable)
		}
	}
	return append(kept,
		"PATH="+filepath.Join(root, "node_modules", ".bin")+string(os.PathListSeparator)+os.Getenv("PATH"),
		"VIVAVOCE_PORT=0",
		"VIVAVOCE_LOG_LEVEL=error",
		"API_BEARER_TOKEN="+key,
	)
}
