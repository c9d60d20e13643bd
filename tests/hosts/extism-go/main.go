// Maps records with the plug-in of Extism, in Go, on wazero: records on standard input, documents on standard output.
//
//	go run . PLUGIN [NAME=VALUE...] < RECORDS
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	extism "github.com/extism/go-sdk"
)

const (
	// How many bytes of records a call gets, about.
	batchBytes = 1 << 20
	// 1 GiB, in pages of 64 KiB.
	memoryPages = 16 * 1024
)

// Load makes a plug-in with its config, a text for each name, and limits.
func Load(ctx context.Context, module []byte, config map[string]string) (*extism.Plugin, error) {
	manifest := extism.Manifest{
		Wasm:    []extism.Wasm{extism.WasmData{Data: module}},
		Memory:  &extism.ManifestMemory{MaxPages: memoryPages},
		Config:  config,
		Timeout: 60_000,
	}
	return extism.NewPlugin(ctx, manifest, extism.PluginConfig{}, nil)
}

func run(path string, settings []string, input io.Reader, output io.Writer) error {
	config := map[string]string{}
	for _, setting := range settings {
		name, value, found := strings.Cut(setting, "=")
		if !found {
			return fmt.Errorf("a setting is `NAME=VALUE`, not `%s`", setting)
		}
		config[name] = value
	}
	module, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	ctx := context.Background()
	plugin, err := Load(ctx, module, config)
	if err != nil {
		return err
	}
	defer plugin.Close(ctx)
	lines, batch := bufio.NewReader(input), []byte{}
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		batch = append(batch, line...)
		if len(batch) >= batchBytes || err != nil {
			_, documents, failed := plugin.Call("map", batch)
			if failed != nil {
				return failed
			}
			if _, failed := output.Write(documents); failed != nil {
				return failed
			}
			batch = batch[:0]
		}
		if err != nil {
			return nil
		}
	}
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: go run . PLUGIN [NAME=VALUE...] < RECORDS")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
