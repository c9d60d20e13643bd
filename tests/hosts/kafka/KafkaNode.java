import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringReader;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * One node on loopback, broker and controller: KafkaNode FOLDER NAME=VALUE... Says on which ports it listens, obeys
 * commands in JSON, one a line, and ends with its standard input.
 */
public final class KafkaNode {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final PrintStream OUT = System.out;
    private final String address;
    private final Admin admin;
    private KafkaProducer<byte[], byte[]> held;

    private KafkaNode(String address) {
        this.address = address;
        this.admin = Admin.create(Map.of("bootstrap.servers", address));
    }

    public static void main(String[] arguments) throws Exception {
        // What Kafka prints is for nobody.
        System.setOut(System.err);
        Path folder = Path.of(arguments[0]);
        Map<String, String> settings = new HashMap<>();
        List<String> format = new ArrayList<>(List.of("format", "--ignore-formatted", "--cluster-id",
            "exotraceexotraceexotrg", "--config", folder.resolve("server.properties").toString()));
        for (int at = 1; at < arguments.length; at++) {
            String[] setting = arguments[at].split("=", 2);
            if (arguments[at].startsWith("process.roles=") && arguments[at].contains("controller")) {
                format.add("--standalone");
            }
            if (setting[0].equals("scram")) {
                format.addAll(List.of("--add-scram", setting[1]));
            } else {
                settings.put(setting[0], setting[1]);
            }
        }
        Properties properties = new Properties();
        properties.putAll(settings);
        try (var writer = Files.newBufferedWriter(folder.resolve("server.properties"))) {
            properties.store(writer, null);
        }
        int formatted = kafka.tools.StorageTool.execute(format.toArray(String[]::new), System.err);
        if (formatted != 0) {
            OUT.println("could not format the storage: " + formatted);
            System.exit(1);
        }
        Thread server = new Thread(() -> kafka.Kafka.main(new String[] {folder.resolve("server.properties").toString()}));
        server.setDaemon(true);
        server.start();
        String plain = settings.get("advertised.listeners").split(",")[0].replaceFirst("^[^/]*//", "");
        KafkaNode node = new KafkaNode(plain);
        node.admin.describeCluster().nodes().get();
        OUT.println("listening on " + plain);
        node.obey();
        // As a crash does; what is committed is on disk.
        Runtime.getRuntime().halt(0);
    }

    private void obey() throws Exception {
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            try {
                OUT.println(JSON.writeValueAsString(done(JSON.readTree(line))));
            } catch (Exception error) {
                OUT.println(JSON.writeValueAsString(Map.of("error", String.valueOf(error))));
            }
        }
    }

    private Object done(JsonNode command) throws Exception {
        return switch (command.get("do").asText()) {
            case "create" -> create(command);
            case "partitions" -> partitions(command);
            case "allow" -> allow(command);
            case "read" -> read(command);
            case "write" -> write(command);
            case "write lines" -> writeLines(command);
            case "count" -> count(command);
            case "offsets" -> offsets(command);
            case "fence" -> fence(command);
            case "hold" -> hold(command);
            case "release" -> release();
            case "delete" -> delete(command);
            default -> throw new IllegalArgumentException(command.toString());
        };
    }

    /** Takes the place of who writes with a transactional id: what that has begun is undone, and nothing more of it counts. */
    private Object fence(JsonNode command) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", address);
        settings.put("transactional.id", command.get("id").asText());
        try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.initTransactions();
        }
        return true;
    }

    /** Leaves a transaction open in every partition of a topic. */
    private Object hold(JsonNode command) throws Exception {
        String topic = command.get("topic").asText();
        Map<String, Object> settings = Map.of("bootstrap.servers", address, "transactional.id", "held-" + topic);
        held = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
        held.initTransactions();
        held.beginTransaction();
        for (var partition : held.partitionsFor(topic)) {
            held.send(new ProducerRecord<>(topic, partition.partition(), new byte[] {'x'}, null)).get();
        }
        return true;
    }

    /** Undoes the transaction that was left open. */
    private Object release() {
        held.abortTransaction();
        held.close();
        return true;
    }

    private Object create(JsonNode command) throws Exception {
        Map<String, String> settings = new HashMap<>();
        command.path("settings").fields().forEachRemaining(it -> settings.put(it.getKey(), it.getValue().asText()));
        NewTopic topic = new NewTopic(command.get("topic").asText(), command.get("partitions").asInt(),
            (short) command.path("replication").asInt(1));
        admin.createTopics(List.of(topic.configs(settings))).all().get();
        return true;
    }

    private Object partitions(JsonNode command) throws Exception {
        String topic = command.get("topic").asText();
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
    }

    private Object allow(JsonNode command) throws Exception {
        ResourcePattern what = new ResourcePattern(ResourceType.fromString(command.get("kind").asText()),
            command.get("name").asText(), PatternType.fromString(command.path("pattern").asText("LITERAL")));
        AccessControlEntry who = new AccessControlEntry("User:" + command.get("user").asText(), "*",
            AclOperation.fromString(command.get("operation").asText()), AclPermissionType.ALLOW);
        admin.createAcls(List.of(new AclBinding(what, who))).all().get();
        return true;
    }

    private static String text(byte[] bytes) {
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    /** Everything that is committed in a topic, by partition and in order. */
    private Object read(JsonNode command) {
        List<ObjectNode> messages = new ArrayList<>();
        readAll(command, record -> messages.add(message(record)));
        return messages;
    }

    /** How many messages are committed in a topic, and how many different ids they have. */
    private Object count(JsonNode command) throws Exception {
        MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
        long[] messages = {0};
        Set<Long> ids = new HashSet<>();
        readAll(command, record -> {
            messages[0]++;
            // The first 64 bits are enough to tell them apart, and more would not fit into memory.
            ids.add(ByteBuffer.wrap(sha256.digest(record.headers().lastHeader("exotrace-id").value())).getLong());
        });
        return Map.of("messages", messages[0], "ids", ids.size());
    }

    private void readAll(JsonNode command, Consumer<ConsumerRecord<byte[], byte[]>> take) {
        Map<String, Object> settings = Map.of("bootstrap.servers", address, "isolation.level",
            command.path("isolation").asText("read_committed"), "auto.offset.reset", "earliest");
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            String topic = command.get("topic").asText();
            List<TopicPartition> all = consumer.partitionsFor(topic).stream()
                .map(it -> new TopicPartition(topic, it.partition())).toList();
            consumer.assign(all);
            consumer.seekToBeginning(all);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            while (all.stream().anyMatch(it -> consumer.position(it) < ends.get(it))) {
                consumer.poll(Duration.ofMillis(100)).forEach(take);
            }
        }
    }

    /** Writes each line of a file as a message of its own. */
    private Object writeLines(JsonNode command) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", address, "compression.type", "zstd", "linger.ms", 20,
            "batch.size", 500_000);
        String topic = command.get("topic").asText();
        long count = 0;
        try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
                var lines = Files.newBufferedReader(Path.of(command.get("file").asText()))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                producer.send(new ProducerRecord<>(topic, line.getBytes(StandardCharsets.UTF_8)));
                count++;
            }
            producer.flush();
        }
        return count;
    }

    private static ObjectNode message(ConsumerRecord<byte[], byte[]> record) {
        ObjectNode message = JSON.createObjectNode().put("partition", record.partition()).put("offset", record.offset())
            .put("key", text(record.key())).put("value", text(record.value())).put("timestamp", record.timestamp());
        ObjectNode headers = message.putObject("headers");
        for (Header header : record.headers()) {
            headers.put(header.key(), text(header.value()));
        }
        return message;
    }

    private Object write(JsonNode command) throws Exception {
        Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", address, "max.request.size", 50_000_000));
        boolean isTransactional = command.has("transaction");
        if (isTransactional) {
            settings.put("transactional.id", command.get("transaction").asText());
        }
        try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            if (isTransactional) {
                producer.initTransactions();
                producer.beginTransaction();
            }
            var sent = new ArrayList<java.util.concurrent.Future<?>>();
            for (JsonNode message : command.get("messages")) {
                byte[] value = message.isNull() ? null : Base64.getDecoder().decode(message.asText());
                Integer partition = command.has("partition") ? command.get("partition").asInt() : null;
                sent.add(producer.send(new ProducerRecord<>(command.get("topic").asText(), partition, null, value)));
            }
            for (var it : sent) {
                it.get();
            }
            if (isTransactional) {
                producer.commitTransaction();
            }
            return sent.size();
        }
    }

    /** Deletes the messages of a partition before an offset, as retention does. */
    private Object delete(JsonNode command) throws Exception {
        TopicPartition partition = new TopicPartition(command.get("topic").asText(), command.get("partition").asInt());
        admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(command.get("before").asLong()))).all().get();
        return true;
    }

    private Object offsets(JsonNode command) throws Exception {
        Map<String, Long> offsets = new HashMap<>();
        Map<TopicPartition, OffsetAndMetadata> found =
            admin.listConsumerGroupOffsets(command.get("group").asText()).partitionsToOffsetAndMetadata().get();
        found.forEach((partition, offset) -> offsets.put(String.valueOf(partition.partition()), offset.offset()));
        return offsets;
    }
}
