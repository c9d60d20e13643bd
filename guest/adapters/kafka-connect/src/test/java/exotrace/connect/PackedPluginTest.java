package exotrace.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;

import java.nio.file.Path;
import java.util.Map;
import org.apache.kafka.connect.runtime.isolation.PluginDesc;
import org.apache.kafka.connect.runtime.isolation.Plugins;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.transforms.Transformation;
import org.junit.jupiter.api.Test;

/** The folder that is packed, as a worker of Kafka Connect finds it: on its plugin path, with a class loader of its own. */
class PackedPluginTest {
    @Test
    @SuppressWarnings("unchecked")
    void aWorkerFindsTheTransformAndRunsIt() throws Exception {
        Path folder = Path.of("../../../target/java/kafka-connect/plugins").toAbsolutePath().normalize();
        Plugins plugins = new Plugins(Map.of("plugin.path", folder.toString(), "plugin.discovery", "service_load"));
        String name = MapMessageTrace.class.getName();
        PluginDesc<Transformation<?>> found = plugins.transformations().stream()
                .filter(one -> one.className().equals(name) && !one.location().equals("classpath"))
                .findFirst()
                .orElseThrow();
        assertEquals("0.1.0", found.version());
        Transformation<SourceRecord> transform =
                (Transformation<SourceRecord>) found.pluginClass().getDeclaredConstructor().newInstance();
        assertNotSame(MapMessageTrace.class.getClassLoader(), transform.getClass().getClassLoader());
        transform.configure(Fixtures.settings());
        Fixtures.Case one = Fixtures.cases("well-formed").get(0);
        SourceRecord mapped = transform.apply(new SourceRecord(Map.of(), Map.of(), "trace", null, one.record()));
        assertEquals(one.outcome().get("document"), Fixtures.parse((String) mapped.value()));
        transform.close();
    }
}
