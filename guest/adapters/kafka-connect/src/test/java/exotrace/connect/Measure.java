package exotrace.connect;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * Prints records a second of processor time, all threads of the process, and how long the start takes.
 *
 * <p>Arguments: a file of records, one a line; the engine; how often the file is mapped.
 */
final class Measure {
    private Measure() {}

    public static void main(String[] arguments) throws Exception {
        List<String> records = Files.readAllLines(Path.of(arguments[0]));
        int rounds = Integer.parseInt(arguments[2]);
        Map<String, String> settings = new TreeMap<>();
        settings.put("engine", arguments[1]);
        settings.put("preserve.original.event", "true");
        settings.put("local.domains", "contoso.com,contoso.onmicrosoft.com");
        MapMessageTrace<SourceRecord> transform = new MapMessageTrace<>();
        long begun = processorTime();
        transform.configure(settings);
        System.out.printf("%s: start %.1f s%n", arguments[1], (processorTime() - begun) / 1e9);
        for (int round = 1; round <= rounds; round++) {
            begun = processorTime();
            for (String record : records) {
                if (transform.apply(new SourceRecord(Map.of(), Map.of(), "trace", null, record)) == null) {
                    throw new IllegalStateException("a record is dropped");
                }
            }
            double seconds = (processorTime() - begun) / 1e9;
            System.out.printf("%s: round %d, %.0f records/s%n", arguments[1], round, records.size() / seconds);
        }
    }

    private static long processorTime() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }
}
