package clients

import (
	"context"
	"errors"
	"io"

	openai1 "github.com/openai/openai-go"
	option1 "github.com/openai/openai-go/option"
	openai3 "github.com/openai/openai-go/v3"
	option3 "github.com/openai/openai-go/v3/option"
	goopenai "github.com/sashabaranov/go-openai"
	"github.com/tmc/langchaingo/llms"
	langchain "github.com/tmc/langchaingo/llms/openai"
)

// request is one streamed question.
type request struct {
	model    string
	prompt   string
	withTool bool
}

// reply is what a client made of a stream: its text, and its call as "name arguments".
type reply struct {
	text string
	call string
}

// A client streams an answer and returns what it got, also beside an error.
type client struct {
	name   string
	stream func(context.Context, request) (reply, error)
	// losesLateErrors: an error in the stream is taken for its end.
	losesLateErrors bool
}

const (
	toolName        = "get_weather"
	toolDescription = "The weather in a city."
)

func toolParameters() map[string]any {
	return map[string]any{
		"type":       "object",
		"properties": map[string]any{"city": map[string]any{"type": "string"}},
		"required":   []string{"city"},
	}
}

func clients() []client {
	return []client{
		{name: "openai-go 1", stream: streamWithOpenAI1},
		{name: "openai-go 3", stream: streamWithOpenAI3},
		{name: "go-openai", stream: streamWithGoOpenAI},
		{name: "langchaingo", stream: streamWithLangChain, losesLateErrors: true},
	}
}

func streamWithOpenAI1(ctx context.Context, asked request) (reply, error) {
	openai := openai1.NewClient(option1.WithBaseURL(baseURL), option1.WithAPIKey(key), option1.WithMaxRetries(0))
	parameters := openai1.ChatCompletionNewParams{
		Model:    asked.model,
		Messages: []openai1.ChatCompletionMessageParamUnion{openai1.UserMessage(asked.prompt)},
	}
	if asked.withTool {
		parameters.Tools = []openai1.ChatCompletionToolParam{{Function: openai1.FunctionDefinitionParam{
			Name: toolName, Description: openai1.String(toolDescription), Parameters: toolParameters(),
		}}}
	}
	stream := openai.Chat.Completions.NewStreaming(ctx, parameters)
	defer stream.Close()
	got := openai1.ChatCompletionAccumulator{}
	for stream.Next() {
		if !got.AddChunk(stream.Current()) {
			return reply{}, errors.New("a chunk does not fit those before it")
		}
	}
	if len(got.Choices) == 0 {
		return reply{}, stream.Err()
	}
	message := got.Choices[0].Message
	said := reply{text: message.Content}
	for _, call := range message.ToolCalls {
		said.call += call.Function.Name + " " + call.Function.Arguments
	}
	return said, stream.Err()
}

func streamWithOpenAI3(ctx context.Context, asked request) (reply, error) {
	openai := openai3.NewClient(option3.WithBaseURL(baseURL), option3.WithAPIKey(key), option3.WithMaxRetries(0))
	parameters := openai3.ChatCompletionNewParams{
		Model:    asked.model,
		Messages: []openai3.ChatCompletionMessageParamUnion{openai3.UserMessage(asked.prompt)},
	}
	if asked.withTool {
		parameters.Tools = []openai3.ChatCompletionToolUnionParam{
			openai3.ChatCompletionFunctionTool(openai3.FunctionDefinitionParam{
				Name: toolName, Description: openai3.String(toolDescription), Parameters: toolParameters(),
			}),
		}
	}
	stream := openai.Chat.Completions.NewStreaming(ctx, parameters)
	defer stream.Close()
	got := openai3.ChatCompletionAccumulator{}
	for stream.Next() {
		if !got.AddChunk(stream.Current()) {
			return reply{}, errors.New("a chunk does not fit those before it")
		}
	}
	if len(got.Choices) == 0 {
		return reply{}, stream.Err()
	}
	message := got.Choices[0].Message
	said := reply{text: message.Content}
	for _, call := range message.ToolCalls {
		said.call += call.Function.Name + " " + call.Function.Arguments
	}
	return said, stream.Err()
}

func streamWithGoOpenAI(ctx context.Context, asked request) (reply, error) {
	config := goopenai.DefaultConfig(key)
	config.BaseURL = baseURL
	question := goopenai.ChatCompletionRequest{
		Model:    asked.model,
		Messages: []goopenai.ChatCompletionMessage{{Role: goopenai.ChatMessageRoleUser, Content: asked.prompt}},
		Stream:   true,
	}
	if asked.withTool {
		question.Tools = []goopenai.Tool{{Type: goopenai.ToolTypeFunction, Function: &goopenai.FunctionDefinition{
			Name: toolName, Description: toolDescription, Parameters: toolParameters(),
		}}}
	}
	stream, err := goopenai.NewClientWithConfig(config).CreateChatCompletionStream(ctx, question)
	if err != nil {
		return reply{}, err
	}
	defer stream.Close()
	said := reply{}
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return said, nil
		}
		if err != nil {
			return said, err
		}
		for _, choice := range chunk.Choices {
			said.text += choice.Delta.Content
			for _, call := range choice.Delta.ToolCalls {
				if call.Function.Name != "" {
					said.call += call.Function.Name + " "
				}
				said.call += call.Function.Arguments
			}
		}
	}
}

func streamWithLangChain(ctx context.Context, asked request) (reply, error) {
	model, err := langchain.New(
		langchain.WithBaseURL(baseURL), langchain.WithToken(key), langchain.WithModel(asked.model),
	)
	if err != nil {
		return reply{}, err
	}
	streamed := ""
	options := []llms.CallOption{llms.WithStreamingFunc(func(_ context.Context, piece []byte) error {
		streamed += string(piece)
		return nil
	})}
	if asked.withTool {
		options = append(options, llms.WithTools([]llms.Tool{{Type: "function", Function: &llms.FunctionDefinition{
			Name: toolName, Description: toolDescription, Parameters: toolParameters(),
		}}}))
	}
	question := []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, asked.prompt)}
	response, err := model.GenerateContent(ctx, question, options...)
	if err != nil {
		return reply{text: streamed}, err
	}
	choice := response.Choices[0]
	said := reply{text: choice.Content}
	for _, call := range choice.ToolCalls {
		said.call += call.FunctionCall.Name + " " + call.FunctionCall.Arguments
	}
	return said, nil
}
