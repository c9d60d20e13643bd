package exotrace.connect;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The records of the repository with the documents that mapping 2.2 makes of them. */
final class Fixtures {
    static final ObjectMapper JSON = new ObjectMapper();

    private static final Path FOLDER = Path.of("../../../fixtures");

    private Fixtures() {}

    /** A record, and the outcome: `dropped`, or `_id` and `document`. */
    record Case(String record, JsonNode outcome) {
        boolean isDropped() {
            return outcome.has("dropped");
        }
    }

    static Path file(String name) {
        return FOLDER.resolve(name);
    }

    /** The settings that those documents are made with. */
    static Map<String, String> settings() {
        Map<String, String> settings = new TreeMap<>();
        settings.put("local.domains", "contoso.com, contoso.onmicrosoft.com");
        settings.put("preserve.original.event", "true");
        settings.put("geoip.city", file("geo/City.mmdb").toString());
        settings.put("geoip.asn", file("geo/ASN.mmdb").toString());
        return settings;
    }

    static List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(file("records"))) {
            List<String> names = files.map(path -> path.getFileName().toString())
                    .filter(name -> name.endsWith(".ndjson"))
                    .map(name -> name.replace(".ndjson", ""))
                    .sorted()
                    .toList();
            if (names.size() < 5) {
                throw new IOException("only " + names.size() + " files of records");
            }
            return names;
        }
    }

    /** JSON, in which 62 and 62.0 are the same number. */
    static JsonNode parse(String text) throws IOException {
        return floats(JSON.readTree(text));
    }

    private static JsonNode floats(JsonNode node) {
        if (node.isNumber()) {
            return DoubleNode.valueOf(node.doubleValue());
        }
        if (node instanceof ObjectNode object) {
            object.properties().forEach(member -> member.setValue(floats(member.getValue())));
        }
        if (node instanceof ArrayNode array) {
            for (int place = 0; place < array.size(); place++) {
                array.set(place, floats(array.get(place)));
            }
        }
        return node;
    }

    static List<Case> cases(String name) throws IOException {
        String text = Files.readString(file("records/" + name + ".ndjson"));
        JsonNode outcomes = parse(Files.readString(file("records/" + name + "-2.2-expected.json")));
        String[] records = text.split("\n");
        if (records.length != outcomes.size()) {
            throw new IOException(name + ": " + records.length + " records, " + outcomes.size() + " outcomes");
        }
        List<Case> cases = new ArrayList<>();
        for (int place = 0; place < records.length; place++) {
            cases.add(new Case(records[place], outcomes.get(place)));
        }
        return cases;
    }
}
