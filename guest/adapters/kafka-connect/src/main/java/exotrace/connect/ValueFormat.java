package exotrace.connect;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.json.JsonConverter;

/** How records come, and documents go: as text, as bytes, or as what a converter for JSON makes of them. */
enum ValueFormat {
    /** As the record came. */
    SAME,
    /** JSON in a string. */
    TEXT,
    /** JSON in bytes. */
    BYTES,
    /** A map without a schema. */
    OBJECT;

    static final String[] NAMES = {"same", "text", "bytes", "object"};

    static ValueFormat named(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT));
    }

    /** Reads and writes JSON without the envelope that has a schema in it. */
    static JsonConverter converter() {
        JsonConverter converter = new JsonConverter();
        converter.configure(Map.of("schemas.enable", false), false);
        return converter;
    }

    /** The format of a value. */
    static ValueFormat of(Object value) {
        if (value instanceof String) {
            return TEXT;
        }
        return value instanceof byte[] || value instanceof ByteBuffer ? BYTES : OBJECT;
    }

    /** The bytes of a record. */
    static byte[] record(JsonConverter converter, String topic, Schema schema, Object value) {
        if (value instanceof String text) {
            return text.getBytes(StandardCharsets.UTF_8);
        }
        if (value instanceof byte[] bytes) {
            return bytes;
        }
        if (value instanceof ByteBuffer buffer) {
            byte[] bytes = new byte[buffer.remaining()];
            buffer.duplicate().get(bytes);
            return bytes;
        }
        byte[] bytes = converter.fromConnectData(topic, schema, value);
        if (bytes == null) {
            throw new DataException("the value of the record is none that JSON has");
        }
        return bytes;
    }

    /** A document in this format, which is not {@link #SAME}. */
    SchemaAndValue document(JsonConverter converter, String topic, byte[] document) {
        return switch (this) {
            case TEXT -> new SchemaAndValue(Schema.STRING_SCHEMA, new String(document, StandardCharsets.UTF_8));
            case BYTES -> new SchemaAndValue(Schema.BYTES_SCHEMA, document);
            case OBJECT, SAME -> new SchemaAndValue(null, converter.toConnectData(topic, document).value());
        };
    }
}
