// Maps records with the language of Redpanda Connect and Bento: bloblang MAPPING <RECORDS >DOCUMENTS.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"

	"github.com/redpanda-data/benthos/v4/public/bloblang"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
)

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	mapping, err := bloblang.Parse(string(text))
	if err != nil {
		log.Fatal(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<26)
	output := bufio.NewWriterSize(os.Stdout, 1<<20)
	for lines.Scan() {
		var record any
		if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
			log.Fatal(err)
		}
		document, err := mapping.Query(record)
		if err != nil {
			log.Fatal(err)
		}
		written, err := json.Marshal(document)
		if err != nil {
			log.Fatal(err)
		}
		output.Write(written)
		output.WriteByte('\n')
	}
	if lines.Err() != nil {
		log.Fatal(lines.Err())
	}
	if err := output.Flush(); err != nil {
		log.Fatal(err)
	}
}
