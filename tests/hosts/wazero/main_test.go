package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// Where the module with the settings and databases of the fixtures is: EXOTRACE_MODULE names it.
const fixtures = "../../../fixtures/records"

type outcome struct {
	Dropped  string `json:"dropped"`
	ID       string `json:"_id"`
	Document map[string]any
}

func load(t *testing.T) *Processor {
	module, err := os.ReadFile(os.Getenv("EXOTRACE_MODULE"))
	if err != nil {
		t.Fatal("EXOTRACE_MODULE names no module: ", err)
	}
	processor, err := Load(context.Background(), module)
	if err != nil {
		t.Fatal(err)
	}
	return processor
}

func TestDocumentsAreThoseOfTheComponent(t *testing.T) {
	processor := load(t)
	files, err := filepath.Glob(fixtures + "/*.ndjson")
	if err != nil || len(files) == 0 {
		t.Fatal("no records: ", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(file, ".ndjson")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		expected, err := os.ReadFile(name + "-2.2-expected.json")
		if err != nil {
			t.Fatal(err)
		}
		var outcomes []outcome
		if err := json.Unmarshal(expected, &outcomes); err != nil {
			t.Fatal(err)
		}
		lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
		if len(lines) != len(outcomes) {
			t.Fatalf("%s: %d records, %d outcomes", name, len(lines), len(outcomes))
		}
		for place, line := range lines {
			check(t, processor, line, outcomes[place])
		}
	}
}

func check(t *testing.T, processor *Processor, record []byte, expected outcome) {
	message, err := processor.Process(context.Background(), record)
	if err != nil {
		t.Fatalf("%s: %v", record, err)
	}
	if expected.Dropped != "" {
		if len(message.Bytes) != 0 {
			t.Errorf("%s: not dropped: %s", record, message.Bytes)
		}
		return
	}
	var document map[string]any
	if err := json.Unmarshal(message.Bytes, &document); err != nil {
		t.Fatalf("%s: %v", message.Bytes, err)
	}
	// The settings of the fixtures put the id into the document as well.
	id := document["exotrace_id"]
	delete(document, "exotrace_id")
	if id != expected.ID || message.Metadata["exotrace_id"] != expected.ID {
		t.Errorf("%s: id %v and %v, not %s", record, id, message.Metadata, expected.ID)
	}
	if !reflect.DeepEqual(document, expected.Document) {
		t.Errorf("%s: %s", record, message.Bytes)
	}
}

func TestWhatIsNoTextDoesNotFailItsBatch(t *testing.T) {
	message, err := load(t).Process(context.Background(), []byte("{\"subject\":\"\xff\"}"))
	if err != nil || !bytes.Contains(message.Bytes, []byte("record is not UTF-8 at byte 12")) {
		t.Fatalf("%s: %v", message.Bytes, err)
	}
}

func TestMemoryStaysAsItIs(t *testing.T) {
	processor := load(t)
	records, err := os.ReadFile(fixtures + "/well-formed.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(records), []byte("\n"))
	turn := func(count int) uint32 {
		for round := range count {
			if _, err := processor.Process(context.Background(), lines[round%len(lines)]); err != nil {
				t.Fatal(err)
			}
		}
		return processor.module.Memory().Size()
	}
	if warm, hot := turn(5_000), turn(50_000); hot != warm {
		t.Fatalf("%d bytes, then %d", warm, hot)
	}
}
