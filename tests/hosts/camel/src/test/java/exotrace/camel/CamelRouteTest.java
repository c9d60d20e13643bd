package exotrace.camel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real route from file to file, with the module as its `wasm` step. */
class CamelRouteTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path RECORDS = Path.of("../../../fixtures/records");

    /** The module with the settings and databases of the fixtures. */
    private static final String STEP =
            "wasm:exotrace?module=file:" + Path.of("../../../target/java/settings/java.wasm").toAbsolutePath().normalize();

    @Test
    void documentsOfAFileAreThoseOfTheComponent(@TempDir Path folder) throws Exception {
        for (String name : names()) {
            Path in = Files.createDirectories(folder.resolve(name + "/in"));
            Files.copy(RECORDS.resolve(name + ".ndjson"), in.resolve("trace.ndjson"));
            Path out = folder.resolve(name + "/out");
            try (CamelContext camel = new DefaultCamelContext()) {
                camel.addRoutes(new RouteBuilder() {
                    @Override
                    public void configure() {
                        from("file:" + in + "?initialDelay=0&delay=50").routeId("trace")
                                .split(body().tokenize("\n")).streaming().stopOnException()
                                .to(STEP)
                                .filter(header("exotrace-dropped").isNull())
                                .to("file:" + out + "?fileName=documents.ndjson&fileExist=Append&appendChars=\\n");
                    }
                });
                camel.getShutdownStrategy().setTimeout(5);
                camel.start();
                // Camel moves a file when it is done with it.
                waitFor(in.resolve(".camel/trace.ndjson"));
            }
            List<JsonNode> expected = new ArrayList<>();
            for (JsonNode outcome : parse(Files.readString(RECORDS.resolve(name + "-2.2-expected.json")))) {
                if (!outcome.has("dropped")) {
                    // The settings of the fixtures put the id into the document as well.
                    expected.add(((ObjectNode) outcome.get("document")).set("exotrace_id", outcome.get("_id")));
                }
            }
            List<JsonNode> found = new ArrayList<>();
            for (String line : Files.readAllLines(out.resolve("documents.ndjson"))) {
                found.add(parse(line));
            }
            assertEquals(expected, found, name);
        }
    }

    @Test
    void headersStayAndTellTheIdOrThatARecordIsDropped() throws Exception {
        try (CamelContext camel = new DefaultCamelContext()) {
            camel.start();
            String record = Files.readAllLines(RECORDS.resolve("well-formed.ndjson")).get(0);
            Exchange mapped = send(camel, record.getBytes(StandardCharsets.UTF_8));
            String id = JSON.readTree(mapped.getMessage().getBody(byte[].class)).get("exotrace_id").textValue();
            assertEquals(id, mapped.getMessage().getHeader("exotrace-id"));
            assertEquals("x", mapped.getMessage().getHeader("other"));
            Exchange dropped = send(camel, "{\"value\":[]}".getBytes(StandardCharsets.UTF_8));
            // Not null, which Camel takes for the whole file where a message comes from one.
            assertEquals(0, dropped.getMessage().getBody(byte[].class).length);
            assertEquals("true", dropped.getMessage().getHeader("exotrace-dropped"));
        }
    }

    @Test
    void whatIsNoRecordFailsNoExchange() throws Exception {
        try (CamelContext camel = new DefaultCamelContext()) {
            camel.start();
            Exchange empty = send(camel, new byte[0]);
            assertFalse(empty.isFailed());
            Exchange broken = send(camel, new byte[] {'{', (byte) 0xff});
            assertFalse(broken.isFailed());
            JsonNode document = JSON.readTree(broken.getMessage().getBody(byte[].class));
            assertEquals("pipeline_error", document.at("/event/kind").textValue());
        }
    }

    /** JSON, in which 62 and 62.0 are the same number. */
    private static JsonNode parse(String text) throws IOException {
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

    private static void waitFor(Path file) throws InterruptedException {
        long latest = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        while (!Files.exists(file)) {
            assertTrue(System.nanoTime() < latest, file + " is not there after two minutes");
            Thread.sleep(20);
        }
    }

    private static Exchange send(CamelContext camel, byte[] body) {
        return camel.createFluentProducerTemplate().to(STEP).withBody(body).withHeader("other", "x").send();
    }

    private static List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(RECORDS)) {
            return files.map(path -> path.getFileName().toString())
                    .filter(name -> name.endsWith(".ndjson"))
                    .map(name -> name.replace(".ndjson", ""))
                    .sorted()
                    .toList();
        }
    }
}
