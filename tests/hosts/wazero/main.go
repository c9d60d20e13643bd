// Runs the module of Redpanda Connect in wazero, the runtime of Redpanda Connect, under the contract of its processor:
// records on standard input, documents on standard output.
//
//	go run . MODULE < RECORDS
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// Message is a message on its way through the processor.
type Message struct {
	Bytes    []byte
	Metadata map[string]string
}

// Processor is one instance of the module.
type Processor struct {
	module api.Module
	// What the module got memory for, which is given back after each message.
	lent    []uint64
	message Message
}

// Load compiles a module, and makes an instance of it.
func Load(ctx context.Context, bytes []byte) (*Processor, error) {
	runtime := wazero.NewRuntime(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, runtime)
	processor := &Processor{}
	_, err := runtime.NewHostModuleBuilder("benthos_wasm").
		NewFunctionBuilder().WithFunc(processor.read).Export("v0_msg_as_bytes").
		NewFunctionBuilder().WithFunc(processor.setBytes).Export("v0_msg_set_bytes").
		NewFunctionBuilder().WithFunc(processor.setMetadata).Export("v0_msg_set_meta").
		Instantiate(ctx)
	if err != nil {
		return nil, err
	}
	processor.module, err = runtime.Instantiate(ctx, bytes)
	return processor, err
}

// Process maps one record.
func (p *Processor) Process(ctx context.Context, record []byte) (Message, error) {
	p.message = Message{Bytes: record, Metadata: map[string]string{}}
	_, err := p.module.ExportedFunction("process").Call(ctx)
	for _, address := range p.lent {
		if _, failed := p.module.ExportedFunction("free").Call(ctx, address); err == nil {
			err = failed
		}
	}
	p.lent = p.lent[:0]
	return p.message, err
}

func (p *Processor) read(ctx context.Context, module api.Module) uint64 {
	length := uint64(len(p.message.Bytes))
	given, err := module.ExportedFunction("malloc").Call(ctx, length)
	if err != nil {
		panic(err)
	}
	p.lent = append(p.lent, given[0])
	if !module.Memory().Write(uint32(given[0]), p.message.Bytes) {
		panic("malloc gave memory that is not there")
	}
	return given[0]<<32 | length
}

func (p *Processor) setBytes(_ context.Context, module api.Module, start, length uint32) {
	p.message.Bytes = copied(module, start, length)
}

func (p *Processor) setMetadata(_ context.Context, module api.Module, key, keyLength, value, valueLength uint32) {
	p.message.Metadata[string(copied(module, key, keyLength))] = string(copied(module, value, valueLength))
}

func copied(module api.Module, start, length uint32) []byte {
	bytes, there := module.Memory().Read(start, length)
	if !there {
		panic("the module names memory that is not there")
	}
	return append([]byte(nil), bytes...)
}

func run(path string) error {
	ctx := context.Background()
	bytes, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	processor, err := Load(ctx, bytes)
	if err != nil {
		return err
	}
	records, documents := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)
	records.Buffer(nil, 16<<20)
	for records.Scan() {
		message, err := processor.Process(ctx, records.Bytes())
		if err != nil {
			return err
		}
		// An empty message is a record that was dropped.
		if len(message.Bytes) > 0 {
			fmt.Fprintf(documents, "%s\n", message.Bytes)
		}
	}
	if err := records.Err(); err != nil {
		return err
	}
	return documents.Flush()
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run . MODULE < RECORDS")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
