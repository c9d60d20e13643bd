package exotrace.connect;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigException;

/** The settings of the transform, from the configuration of a connector. */
final class MappingConfig extends AbstractConfig {
    private static final String MAPPING = "mapping";
    private static final String LOCAL_DOMAINS = "local.domains";
    private static final String PRESERVE_ORIGINAL_EVENT = "preserve.original.event";
    private static final String TAGS = "tags";
    private static final String DROP_STATUS = "drop.status";
    private static final String FIELDS = "fields";
    private static final String TENANT_ID = "tenant.id";
    private static final String TENANT_NAME = "tenant.name";
    private static final String OPTIONS = "options";
    private static final String RECORD_FIELD = "record.field";
    private static final String ID_FIELD = "id.field";
    private static final String ID_AS_KEY = "id.as.key";
    private static final String DOCUMENT_FORMAT = "document.format";
    private static final String GEOIP_CITY = "geoip.city";
    private static final String GEOIP_ASN = "geoip.asn";
    private static final String MODULE = "module";
    private static final String ENGINE = "engine";
    private static final String MAX_MEMORY = "max.memory.bytes";

    private static final long PAGE_BYTES = 65536;
    private static final int MAX_PAGES = 32767;

    static final ConfigDef DEFINITION =
            new ConfigDef()
                    .define(MAPPING, Type.STRING, "2.2", Importance.HIGH, "The mapping version.")
                    .define(LOCAL_DOMAINS, Type.LIST, List.of(), Importance.HIGH,
                            "Domains of the tenant, for email.direction. Without any, no direction is written.")
                    .define(PRESERVE_ORIGINAL_EVENT, Type.BOOLEAN, false, Importance.MEDIUM,
                            "Keep every record's own bytes in event.original.")
                    .define(TAGS, Type.LIST, List.of("forwarded"), Importance.LOW, "Tags of every document.")
                    .define(DROP_STATUS, Type.LIST, List.of(), Importance.MEDIUM,
                            "Statuses whose records are dropped, ignoring case; mapping 2.2 and later.")
                    .define(FIELDS, Type.STRING, "", Importance.LOW, "Fields to add to every document: a JSON object.")
                    .define(TENANT_ID, Type.STRING, "", Importance.MEDIUM,
                            "The tenant that the records are of: its id, or one of its domains.")
                    .define(TENANT_NAME, Type.STRING, "", Importance.MEDIUM, "What people call the tenant.")
                    .define(OPTIONS, Type.STRING, "", Importance.LOW, "The mapping's own settings: a JSON object.")
                    .define(RECORD_FIELD, Type.STRING, "", Importance.LOW,
                            "The field whose text is the record, where a value wraps it.")
                    .define(ID_FIELD, Type.STRING, "", Importance.LOW,
                            "The field at the top of a document that holds its _id.")
                    .define(ID_AS_KEY, Type.BOOLEAN, false, Importance.MEDIUM,
                            "Make the _id of the document the key of the record, in place of its own key.")
                    .define(DOCUMENT_FORMAT, Type.STRING, "same", ConfigDef.ValidString.in(ValueFormat.NAMES),
                            Importance.MEDIUM, "What the document is in: same as the record, text, bytes or object.")
                    .define(GEOIP_CITY, Type.STRING, "", Importance.MEDIUM, "City database in MaxMind format: a file.")
                    .define(GEOIP_ASN, Type.STRING, "", Importance.MEDIUM, "ASN database in MaxMind format: a file.")
                    .define(MODULE, Type.STRING, "", Importance.LOW,
                            "The file of the module. By default the one inside the jar.")
                    .define(ENGINE, Type.STRING, "compiled", ConfigDef.ValidString.in("compiled", "interpreted"),
                            Importance.LOW, "Whether the module becomes bytecode of the JVM, or is interpreted.")
                    .define(MAX_MEMORY, Type.LONG, 536_870_912L,
                            ConfigDef.Range.between(16 * 1024 * 1024, MAX_PAGES * PAGE_BYTES), Importance.LOW,
                            "The most memory that the module of a task may have, in bytes.");

    /** What Kafka Connect itself reads of the settings of a transform. */
    private static final Set<String> OF_CONNECT = Set.of("type", "predicate", "negate");

    private static final ObjectMapper JSON = new ObjectMapper();

    MappingConfig(Map<String, ?> settings) {
        super(DEFINITION, settings, false);
        Set<String> unknown = new TreeSet<>(settings.keySet());
        unknown.removeAll(DEFINITION.names());
        unknown.removeIf(name -> OF_CONNECT.contains(name) || name.startsWith("type.") || name.startsWith("plugin."));
        if (!unknown.isEmpty()) {
            throw new ConfigException("there is no setting `" + String.join("`, `", unknown) + "` of this transform; there are "
                    + String.join(", ", new TreeSet<>(DEFINITION.names())));
        }
    }

    /** The settings as the module takes them, JSON. */
    String ofModule() {
        ObjectNode settings = JSON.createObjectNode();
        settings.put("mapping", getString(MAPPING));
        putTexts(settings, "local_domains", LOCAL_DOMAINS, true);
        settings.put("preserve_original_event", getBoolean(PRESERVE_ORIGINAL_EVENT));
        putTexts(settings, "tags", TAGS, false);
        putTexts(settings, "drop_status", DROP_STATUS, false);
        putObject(settings, "fields", FIELDS);
        putText(settings, "tenant_id", TENANT_ID);
        putText(settings, "tenant_name", TENANT_NAME);
        putObject(settings, "options", OPTIONS);
        putText(settings, "record_key", RECORD_FIELD);
        putText(settings, "id_key", ID_FIELD);
        return settings.toString();
    }

    private void putTexts(ObjectNode settings, String name, String setting, boolean leaveOutWhenEmpty) {
        List<String> texts = getList(setting).stream().map(String::trim).filter(text -> !text.isEmpty()).toList();
        if (!texts.isEmpty() || !leaveOutWhenEmpty) {
            settings.set(name, JSON.valueToTree(texts));
        }
    }

    private void putText(ObjectNode settings, String name, String setting) {
        if (!getString(setting).isEmpty()) {
            settings.put(name, getString(setting));
        }
    }

    private void putObject(ObjectNode settings, String name, String setting) {
        String text = getString(setting);
        if (text.isBlank()) {
            return;
        }
        try {
            JsonNode value = JSON.readTree(text);
            if (!value.isObject()) {
                throw new ConfigException(setting, text, "is not a JSON object");
            }
            settings.set(name, value);
        } catch (JsonProcessingException error) {
            throw new ConfigException(setting, text, "is not JSON: " + error.getOriginalMessage());
        }
    }

    /** The bytes of the module. */
    byte[] module() {
        if (!getString(MODULE).isEmpty()) {
            return file(MODULE);
        }
        try (InputStream stream = MappingConfig.class.getResourceAsStream("java.wasm")) {
            if (stream == null) {
                throw new ConfigException(MODULE, "", "names no file, and this jar has no module inside");
            }
            return stream.readAllBytes();
        } catch (IOException error) {
            throw new ConfigException(MODULE, "", "cannot be read from the jar: " + error);
        }
    }

    /** The bytes of the City database; null without one. */
    byte[] city() {
        return getString(GEOIP_CITY).isEmpty() ? null : file(GEOIP_CITY);
    }

    /** The bytes of the ASN database; null without one. */
    byte[] asn() {
        return getString(GEOIP_ASN).isEmpty() ? null : file(GEOIP_ASN);
    }

    private byte[] file(String setting) {
        try {
            return Files.readAllBytes(Path.of(getString(setting)));
        } catch (IOException | RuntimeException error) {
            throw new ConfigException(setting, getString(setting), "cannot be read: " + error);
        }
    }

    boolean isCompiled() {
        return getString(ENGINE).equals("compiled");
    }

    int maximumPages() {
        return Math.toIntExact(getLong(MAX_MEMORY) / PAGE_BYTES);
    }

    boolean hasIdAsKey() {
        return getBoolean(ID_AS_KEY);
    }

    ValueFormat documentFormat() {
        return ValueFormat.named(getString(DOCUMENT_FORMAT));
    }

    static String nameOfCity() {
        return GEOIP_CITY;
    }

    static String nameOfAsn() {
        return GEOIP_ASN;
    }
}
