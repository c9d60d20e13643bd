package exotrace.connect;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;
import org.junit.jupiter.api.Test;

class MapMessageTraceTest {
    private static final String RECORD =
            "{\"receivedDateTime\":\"2026-03-04T05:06:07.890Z\",\"senderAddress\":\"ann@contoso.com\","
                    + "\"recipientAddress\":\"bob@fabrikam.com\",\"id\":\"1\",\"status\":\"delivered\",\"size\":5}";

    private static MapMessageTrace<SourceRecord> transform(String... settings) {
        return configured(new TreeMap<>(), settings);
    }

    private static MapMessageTrace<SourceRecord> configured(Map<String, String> all, String... settings) {
        for (int place = 0; place < settings.length; place += 2) {
            all.put(settings[place], settings[place + 1]);
        }
        MapMessageTrace<SourceRecord> transform = new MapMessageTrace<>();
        transform.configure(all);
        return transform;
    }

    private static SourceRecord source(Object value) {
        return new SourceRecord(Map.of("file", "a"), Map.of("position", 1L), "trace", 3, null, "its key", null, value, 7L);
    }

    private static String id(SourceRecord record) {
        Header header = record.headers().lastWithName(MapMessageTrace.ID_HEADER);
        return header == null ? null : (String) header.value();
    }

    private static JsonNode document(SourceRecord record) throws IOException {
        return Fixtures.parse((String) record.value());
    }

    private static void checkFixtures(MapMessageTrace<SourceRecord> transform, List<String> names) throws IOException {
        for (String name : names) {
            for (Fixtures.Case one : Fixtures.cases(name)) {
                SourceRecord mapped = transform.apply(source(one.record()));
                if (one.isDropped()) {
                    assertNull(mapped, one.record());
                    continue;
                }
                assertEquals(one.outcome().get("document"), document(mapped), one.record());
                assertEquals(one.outcome().get("_id").textValue(), id(mapped), one.record());
            }
        }
    }

    @Test
    void documentsAreThoseOfTheComponent() throws IOException {
        checkFixtures(configured(Fixtures.settings()), Fixtures.names());
    }

    @Test
    void theInterpreterMakesTheSameDocuments() throws IOException {
        checkFixtures(configured(Fixtures.settings(), "engine", "interpreted"), List.of("well-formed", "odd"));
    }

    @Test
    void everythingElseOfARecordStays() {
        SourceRecord before = source(RECORD);
        before.headers().addString("other", "x").addString(MapMessageTrace.ID_HEADER, "of before");
        SourceRecord after = transform().apply(before);
        assertEquals(before.sourceOffset(), after.sourceOffset());
        assertEquals(List.of("trace", 3, "its key", 7L),
                List.of(after.topic(), after.kafkaPartition(), after.key(), after.timestamp()));
        assertEquals(2, after.headers().size());
        assertEquals("x", after.headers().lastWithName("other").value());
        assertEquals(28, id(after).length());
        assertEquals("of before", id(before), "the record of before is not changed");
        assertEquals(id(after), transform("id.as.key", "true").apply(before).key());
    }

    @Test
    void recordsWithoutAValueAndDroppedOnesAreLeftOut() {
        MapMessageTrace<SourceRecord> transform = transform("drop.status", "Delivered");
        assertNull(transform.apply(source(null)));
        assertNull(transform.apply(source(RECORD)));
        assertNull(transform.apply(source("{\"value\":[]}")));
        assertNotNull(transform.apply(source(RECORD.replace("delivered", "failed"))));
    }

    @Test
    void recordsOfASinkAreMappedAsThoseOfASource() {
        MapMessageTrace<SinkRecord> transform = new MapMessageTrace<>();
        transform.configure(Map.of());
        SinkRecord record = new SinkRecord(
                "trace", 3, null, null, null, RECORD.getBytes(StandardCharsets.UTF_8), 42, 7L, TimestampType.CREATE_TIME);
        SinkRecord mapped = transform.apply(record);
        assertEquals(42, mapped.kafkaOffset());
        String document = (String) transform().apply(source(RECORD)).value();
        assertArrayEquals(document.getBytes(StandardCharsets.UTF_8), (byte[]) mapped.value());
        assertEquals(Schema.Type.BYTES, mapped.valueSchema().type());
    }

    @Test
    void aDocumentIsInTheFormatThatIsAskedFor() throws IOException {
        JsonNode expected = document(transform().apply(source(RECORD)));
        byte[] bytes = RECORD.getBytes(StandardCharsets.UTF_8);
        for (Object value : List.of(RECORD, bytes, ByteBuffer.wrap(bytes), Fixtures.JSON.readValue(RECORD, Map.class))) {
            for (String format : ValueFormat.NAMES) {
                Object document = transform("document.format", format).apply(source(value)).value();
                ValueFormat found = ValueFormat.of(document);
                assertEquals(format.equals("same") ? ValueFormat.of(value) : ValueFormat.named(format), found);
                JsonNode tree = switch (found) {
                    case TEXT -> Fixtures.JSON.readTree((String) document);
                    case BYTES -> Fixtures.JSON.readTree((byte[]) document);
                    default -> Fixtures.JSON.valueToTree(document);
                };
                assertEquals(expected, Fixtures.parse(tree.toString()));
            }
        }
    }

    @Test
    void aRecordMayHaveASchema() throws IOException {
        Schema schema = SchemaBuilder.struct()
                .field("receivedDateTime", Schema.STRING_SCHEMA)
                .field("recipientAddress", Schema.STRING_SCHEMA)
                .field("size", Schema.INT64_SCHEMA)
                .field("subject", Schema.OPTIONAL_STRING_SCHEMA)
                .build();
        Struct value = new Struct(schema)
                .put("receivedDateTime", "2026-03-04T05:06:07Z")
                .put("recipientAddress", "bob@fabrikam.com")
                .put("size", 5L);
        SourceRecord record = new SourceRecord(Map.of(), Map.of(), "trace", schema, value);
        SourceRecord mapped = transform("document.format", "text").apply(record);
        Map<String, Object> same = new LinkedHashMap<>();
        same.put("receivedDateTime", "2026-03-04T05:06:07Z");
        same.put("recipientAddress", "bob@fabrikam.com");
        same.put("size", 5L);
        same.put("subject", null);
        JsonNode expected = document(transform().apply(source(Fixtures.JSON.writeValueAsString(same))));
        assertEquals(expected, document(mapped));
    }

    @Test
    void whatIsNoRecordBecomesADocumentThatSaysSo() throws IOException {
        for (Object value : List.of("not JSON", "{\"a\":1} and more", new byte[] {'{', (byte) 0xff, '}'})) {
            SourceRecord mapped = transform("document.format", "text").apply(source(value));
            assertEquals("pipeline_error", document(mapped).at("/event/kind").textValue());
        }
        byte[] noText = {'{', (byte) 0xff, '}'};
        assertNull(id(transform("document.format", "text").apply(source(noText))));
    }

    @Test
    void aRecordMayBeWrapped() throws IOException {
        String wrapped = Fixtures.JSON.writeValueAsString(Map.of("message", RECORD));
        SourceRecord mapped = transform("record.field", "message", "id.field", "my_id").apply(source(wrapped));
        assertEquals(id(transform().apply(source(RECORD))), document(mapped).get("my_id").textValue());
    }

    @Test
    void settingsThatCannotBeUsedAreRefused() throws IOException {
        String[][] wrong = {
            {"local.domain", "contoso.com", "there is no setting `local.domain` of this transform; there are document.format, "},
            {"local.domains", "https://contoso.com", "`https://contoso.com` is a URL"},
            {"mapping", "9.9", "there is no mapping `9.9`"},
            {"fields", "[]", "is not a JSON object"},
            {"fields", "{", "is not JSON: "},
            {"fields", "{\"email\":1}", "field `email` is written by the mapping itself"},
            {"options", "{\"a\":1}", "this mapping has no rule for `options`"},
            {"geoip.city", "no-such-file", "geoip.city"},
            {"geoip.asn", "pom.xml", "`geoip.asn` is not a database in MaxMind format"},
            {"module", "pom.xml", "the module cannot be loaded"},
            {"engine", "fast", "engine"},
            {"document.format", "xml", "document.format"},
            {"preserve.original.event", "perhaps", "preserve.original.event"},
            {"max.memory.bytes", "5", "max.memory.bytes"},
        };
        for (String[] one : wrong) {
            ConfigException error = assertThrows(ConfigException.class, () -> transform(one[0], one[1]), one[0]);
            assertTrue(error.getMessage().contains(one[2]), one[0] + ": " + error.getMessage());
        }
        // Settings that Kafka Connect itself reads are not mistakes.
        transform("type", MapMessageTrace.class.getName(), "predicate", "x", "negate", "true");
    }

    @Test
    void aTrapFailsOneRecordAndNothingElse() {
        MapMessageTrace<SourceRecord> transform = transform("max.memory.bytes", "" + 16 * 1024 * 1024);
        String large = RECORD.replace("ann@", "a".repeat(30_000_000) + "@");
        DataException error = assertThrows(DataException.class, () -> transform.apply(source(large)));
        assertEquals("the mapping failed on a record of topic `trace`, partition 3 with " + large.length() + " bytes",
                error.getMessage());
        assertFalse(error.toString().contains("contoso"));
        assertNotNull(transform.apply(source(RECORD)));
    }

    @Test
    void aHundredThousandRecordsLeaveTheMemoryAsItIs() throws IOException {
        MappingConfig config = new MappingConfig(Fixtures.settings());
        MappingModule module = new MappingModule(config.module(), true, config.maximumPages());
        module.give("city", config.city());
        module.configure(config.ofModule());
        List<Fixtures.Case> cases = Fixtures.cases("well-formed");
        long warm = 0;
        for (int round = 0; round < 105_000; round++) {
            module.map(cases.get(round % cases.size()).record().getBytes(StandardCharsets.UTF_8));
            warm = round == 5_000 ? module.memoryBytes() : warm;
        }
        assertEquals(warm, module.memoryBytes());
    }
}
