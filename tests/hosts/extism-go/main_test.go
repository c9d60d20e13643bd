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

	extism "github.com/extism/go-sdk"
)

// Where the plug-in with the settings and databases of the fixtures is: EXOTRACE_PLUGIN names it.
const fixtures = "../../../fixtures/records"

type outcome struct {
	Dropped  string `json:"dropped"`
	ID       string `json:"_id"`
	Document map[string]any
}

func load(t *testing.T, config map[string]string) *extism.Plugin {
	module, err := os.ReadFile(os.Getenv("EXOTRACE_PLUGIN"))
	if err != nil {
		t.Fatal("EXOTRACE_PLUGIN names no plug-in: ", err)
	}
	plugin, err := Load(context.Background(), module, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { plugin.Close(context.Background()) })
	return plugin
}

func mapLines(t *testing.T, plugin *extism.Plugin, records []byte) []map[string]any {
	_, output, err := plugin.Call("map", records)
	if err != nil {
		t.Fatal(err)
	}
	var documents []map[string]any
	for line := range bytes.Lines(output) {
		var document map[string]any
		if err := json.Unmarshal(line, &document); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		documents = append(documents, document)
	}
	return documents
}

func TestDocumentsAreThoseOfTheMapping(t *testing.T) {
	files, err := filepath.Glob(fixtures + "/*.ndjson")
	if err != nil || len(files) == 0 {
		t.Fatal("no records: ", err)
	}
	for _, version := range []string{"1.20", "2.2", "3.0", "ocsf-1.8"} {
		plugin := load(t, map[string]string{"mapping": version})
		for _, file := range files {
			records, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(strings.TrimSuffix(file, ".ndjson") + "-" + version + "-expected.json")
			if err != nil {
				t.Fatal(err)
			}
			var outcomes []outcome
			if err := json.Unmarshal(text, &outcomes); err != nil {
				t.Fatal(err)
			}
			found := mapLines(t, plugin, records)
			for _, expected := range outcomes {
				if expected.Dropped != "" {
					continue
				}
				if len(found) == 0 {
					t.Fatalf("%s %s: a document is missing", version, file)
				}
				document := found[0]
				found = found[1:]
				// The settings of the fixtures put the id into the document.
				id := document["exotrace_id"]
				delete(document, "exotrace_id")
				if id != expected.ID || !reflect.DeepEqual(document, expected.Document) {
					t.Errorf("%s %s: %v is not %v", version, file, document, expected)
				}
			}
			if len(found) != 0 {
				t.Errorf("%s %s: %d documents too many", version, file, len(found))
			}
		}
	}
}

func TestNoRecordFailsItsCall(t *testing.T) {
	found := mapLines(t, load(t, nil), []byte("{\"subject\":\"\xff\"}\nnot JSON\n\n[]\n"))
	if len(found) != 3 || !strings.Contains(toText(t, found[0]), "record is not UTF-8 at byte 12") {
		t.Fatal(found)
	}
}

func TestSettingsThatCannotBeUsedAreRefusedWithTheReason(t *testing.T) {
	_, _, err := load(t, map[string]string{"local_domains": "https://contoso.com"}).Call("map", nil)
	if err == nil || !strings.Contains(err.Error(), "setting `local_domains`: `https://contoso.com` is a URL") {
		t.Fatal(err)
	}
}

func TestTheProgramMapsWhatItReads(t *testing.T) {
	records, err := os.ReadFile(fixtures + "/well-formed.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	err = run(os.Getenv("EXOTRACE_PLUGIN"), []string{"tags=go"}, bytes.NewReader(records), &output)
	if err != nil || bytes.Count(output.Bytes(), []byte("\n")) != bytes.Count(records, []byte("\n")) {
		t.Fatal(output.String(), err)
	}
}

func toText(t *testing.T, value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
