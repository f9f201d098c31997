// Package clients runs OpenAI clients of Go against the gateway, each proving only what that client reads.
package clients

import (
	"context"
	"strings"
	"testing"
	"time"
)

const (
	chatModel   = "conversational/haiku"
	toolModel   = "recruiter-triage/haiku"
	turnTimeout = 10 * time.Minute
)

// each runs a test with every client, all beside each other and beside the other tests: silences are waited for once.
func each(t *testing.T, test func(*testing.T, client)) {
	t.Parallel()
	for _, one := range clients() {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			test(t, one)
		})
	}
}

func hear(t *testing.T, one client, asked request) reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), turnTimeout)
	defer cancel()
	said, err := one.stream(ctx, asked)
	if err != nil {
		t.Fatalf("got %+v, then: %v", said, err)
	}
	return said
}

func expect(t *testing.T, got, wanted string) {
	t.Helper()
	if got != wanted {
		t.Errorf("got %q, wanted %q", got, wanted)
	}
}

func TestText(t *testing.T) { // [ST1] [ST9]
	each(t, func(t *testing.T, one client) {
		said := hear(t, one, request{model: chatModel, prompt: "кажи точно: Здравей, „свят“ 👩‍🚀 <&>"})
		expect(t, said.text, "Здравей, „свят“ 👩‍🚀 <&>")
	})
}

func TestSilences(t *testing.T) { // [ST3] [ST18]
	each(t, func(t *testing.T, one client) {
		said := hear(t, one, request{model: chatModel, prompt: "count to 2 [rehearse first=21000 slow=11000]"})
		expect(t, said.text, "1 2")
	})
}

func TestCall(t *testing.T) { // [FN2]
	each(t, func(t *testing.T, one client) {
		prompt := `[rehearse first=11000 call=get_weather input={"city":"София"}]`
		said := hear(t, one, request{model: chatModel, prompt: prompt, withTool: true})
		expect(t, said.call, `get_weather {"city":"София"}`)
	})
}

func TestToolAgent(t *testing.T) { // [DO8] [ST18]
	each(t, func(t *testing.T, one client) {
		said := hear(t, one, request{model: toolModel, prompt: `[rehearse first=11000 call=Glob input={"pattern":"*"}]`})
		if !strings.HasPrefix(said.text, "The tool answered: No files found") {
			t.Errorf("got %q", said.text)
		}
		said = hear(t, one, request{model: toolModel, prompt: "say exactly: Един миг.\n" + `[rehearse call=Glob input={"pattern":"*"}]`})
		if !strings.HasPrefix(said.text, "Един миг.\n\nThe tool answered: No files found") {
			t.Errorf("got %q", said.text)
		}
	})
}

func TestErrorBeforeTheFirstEvent(t *testing.T) { // [CC2] [ER1]
	each(t, func(t *testing.T, one client) {
		said, err := one.stream(context.Background(), request{model: "no-such-model", prompt: "hello"})
		if err == nil || !strings.Contains(err.Error(), "404") && !strings.Contains(err.Error(), "does not exist") {
			t.Errorf("got %+v and %v", said, err)
		}
	})
}

func TestErrorInMidStream(t *testing.T) { // [ER3] [R63]
	each(t, func(t *testing.T, one client) {
		said, err := one.stream(context.Background(), request{model: chatModel, prompt: "count to 50 [rehearse drop=5]"})
		if err == nil != one.losesLateErrors {
			t.Errorf("got %+v and %v", said, err)
		}
		if said.text == "" || !strings.HasPrefix("1 2 3 4 5", said.text) {
			t.Errorf("got %q", said.text)
		}
	})
}
