package exotrace.connect;

import com.dylibso.chicory.wasm.ChicoryException;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.header.Headers;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.transforms.Transformation;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Maps records of the message trace of Exchange Online to documents: the value of a record is one of the message trace,
 * and becomes the document.
 *
 * <p>Records without a value and records that are dropped on purpose are left out. A record that cannot be mapped becomes
 * a document with {@code event.kind: pipeline_error}.
 *
 * @param <R> the records of a source or of a sink
 */
public class MapMessageTrace<R extends ConnectRecord<R>> implements Transformation<R> {
    /** The header that holds the {@code _id} of a document. */
    public static final String ID_HEADER = "exotrace-id";

    private static final Logger LOG = LoggerFactory.getLogger(MapMessageTrace.class);

    private final JsonConverter converter = ValueFormat.converter();
    private MappingConfig config;
    private MappingModule module;

    /** For Kafka Connect, which makes it by its name. */
    public MapMessageTrace() {}

    @Override
    public String version() {
        return "0.1.0";
    }

    @Override
    public ConfigDef config() {
        return MappingConfig.DEFINITION;
    }

    @Override
    public void configure(Map<String, ?> settings) {
        config = new MappingConfig(settings);
        module = open();
    }

    private MappingModule open() {
        try {
            MappingModule opened = new MappingModule(config.module(), config.isCompiled(), config.maximumPages());
            give(opened, "city", MappingConfig.nameOfCity(), config.city());
            give(opened, "asn", MappingConfig.nameOfAsn(), config.asn());
            opened.configure(config.ofModule());
            return opened;
        } catch (MappingModule.RefusedException error) {
            throw new ConfigException(error.getMessage());
        } catch (ChicoryException error) {
            throw new ConfigException("the module cannot be loaded, or has too little memory (`max.memory.bytes`): " + error);
        }
    }

    private static void give(MappingModule module, String database, String setting, byte[] bytes) {
        try {
            if (bytes != null) {
                module.give(database, bytes);
            }
        } catch (MappingModule.RefusedException error) {
            throw new ConfigException("`" + setting + "` is not a database in MaxMind format: " + error.getMessage());
        }
    }

    @Override
    public R apply(R record) {
        if (record.value() == null) {
            return null;
        }
        byte[] text = ValueFormat.record(converter, record.topic(), record.valueSchema(), record.value());
        byte[] document = map(record, text);
        if (document.length == 0) {
            return null;
        }
        String id = module.id();
        Headers headers = record.headers().duplicate();
        headers.remove(ID_HEADER);
        if (!id.isEmpty()) {
            headers.addString(ID_HEADER, id);
        }
        ValueFormat format = config.documentFormat();
        format = format == ValueFormat.SAME ? ValueFormat.of(record.value()) : format;
        SchemaAndValue value = format.document(converter, record.topic(), document);
        boolean isKey = config.hasIdAsKey() && !id.isEmpty();
        return record.newRecord(
                record.topic(),
                record.kafkaPartition(),
                isKey ? Schema.STRING_SCHEMA : record.keySchema(),
                isKey ? id : record.key(),
                value.schema(),
                value.value(),
                record.timestamp(),
                headers);
    }

    /** Maps a record. After a trap there is a new instance: nobody knows what the old one left behind. */
    private byte[] map(R record, byte[] text) {
        if (module == null) {
            module = open();
        }
        try {
            return module.map(text);
        } catch (ChicoryException | MappingModule.RefusedException | StackOverflowError error) {
            module = null;
            String place = "topic `" + record.topic() + "`, partition " + record.kafkaPartition();
            LOG.warn("mapping of a record failed: {}, {} bytes", place, text.length);
            throw new DataException("the mapping failed on a record of " + place + " with " + text.length + " bytes", error);
        }
    }

    @Override
    public void close() {
        module = null;
    }
}
