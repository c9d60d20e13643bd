import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.opensearch.analysis.common.CommonAnalysisPlugin;
import org.opensearch.common.logging.LogConfigurator;
import org.opensearch.common.settings.Settings;
import org.opensearch.http.HttpServerTransport;
import org.opensearch.index.mapper.MapperExtrasPlugin;
import org.opensearch.index.reindex.ReindexPlugin;
import org.opensearch.ingest.common.IngestCommonPlugin;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.painless.PainlessPlugin;
import org.opensearch.script.mustache.MustachePlugin;
import org.opensearch.transport.Netty4Plugin;

/** One node on loopback: OpenSearchNode FOLDER [NAME=VALUE...]. Says where it listens; ends with its standard input. */
public final class OpenSearchNode extends Node {
    private OpenSearchNode(Settings settings, Path config) {
        super(InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), config, () -> "test"),
            List.of(Netty4Plugin.class, IngestCommonPlugin.class, MustachePlugin.class, PainlessPlugin.class,
                CommonAnalysisPlugin.class, MapperExtrasPlugin.class, ReindexPlugin.class), true);
    }

    public static void main(String[] arguments) throws Exception {
        Settings.Builder settings = Settings.builder()
            .put("path.home", arguments[0])
            .put("cluster.name", "exotrace-tests")
            .put("discovery.type", "single-node")
            .put("network.host", "127.0.0.1")
            .put("http.port", "0")
            .put("transport.port", "0")
            // However full the disk of the tests is.
            .put("cluster.routing.allocation.disk.threshold_enabled", false);
        for (int at = 1; at < arguments.length; at++) {
            String[] setting = arguments[at].split("=", 2);
            settings.put(setting[0], setting[1]);
        }
        LogConfigurator.setNodeName("test");
        Node node = new OpenSearchNode(settings.build(), Path.of(arguments[0])).start();
        HttpServerTransport http = node.injector().getInstance(HttpServerTransport.class);
        System.out.println("listening on " + http.boundAddress().publishAddress());
        while (System.in.read() >= 0) { }
        node.close();
        System.exit(0);
    }
}
