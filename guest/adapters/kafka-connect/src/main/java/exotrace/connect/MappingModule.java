package exotrace.connect;

import com.dylibso.chicory.compiler.InterpreterFallback;
import com.dylibso.chicory.compiler.MachineFactoryCompiler;
import com.dylibso.chicory.runtime.ExportFunction;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Machine;
import com.dylibso.chicory.wasm.Parser;
import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.MemoryLimits;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * One instance of the module, which maps one record after the other. For one thread.
 *
 * <p>An answer of the module is one integer: the address in the upper half, the length in the lower; the topmost bit of
 * the length marks a text that says what is wrong.
 */
final class MappingModule {
    private static final int PROBLEM = 1 << 31;

    /** What was compiled in this process, by the digest of the module: tasks have the same one. */
    private static final Map<String, Compiled> COMPILED = new ConcurrentHashMap<>();

    private final Instance instance;
    private final ExportFunction alloc;
    private final ExportFunction dealloc;
    private final ExportFunction map;
    private final ExportFunction id;

    /**
     * @param bytes the module
     * @param isCompiled whether it becomes bytecode of the JVM first; otherwise it is interpreted
     * @param maximumPages how much memory it may have, in pages of 64 KiB
     */
    MappingModule(byte[] bytes, boolean isCompiled, int maximumPages) {
        WasmModule module = Parser.parse(bytes);
        MemoryLimits limits = limits(module, maximumPages);
        if (isCompiled) {
            Compiled compiled = COMPILED.computeIfAbsent(module.digest(), digest -> Compiled.of(module));
            instance = Instance.builder(compiled.module)
                    .withMachineFactory(compiled.factory)
                    .withMemoryLimits(limits)
                    .build();
        } else {
            instance = Instance.builder(module).withMemoryLimits(limits).build();
        }
        alloc = instance.export("alloc");
        dealloc = instance.export("dealloc");
        map = instance.export("map");
        id = instance.export("id");
    }

    private static MemoryLimits limits(WasmModule module, int maximumPages) {
        int initialPages = module.memorySection().map(section -> section.getMemory(0).limits().initialPages()).orElse(1);
        return new MemoryLimits(initialPages, Math.max(initialPages, maximumPages));
    }

    /** Hands a geo database over, which stays in the memory of the module: {@code city} or {@code asn}. */
    void give(String database, byte[] bytes) {
        int start = handOver(bytes);
        read(instance.export(database).apply(start, bytes.length)[0]);
    }

    /** Gives it its settings, JSON. */
    void configure(String settings) {
        byte[] bytes = settings.getBytes(StandardCharsets.UTF_8);
        int start = handOver(bytes);
        try {
            read(instance.export("configure").apply(start, bytes.length)[0]);
        } finally {
            dealloc.apply(start, bytes.length);
        }
    }

    /** Maps a record, and returns the document; it is empty when the record is dropped. */
    byte[] map(byte[] record) {
        int start = handOver(record);
        byte[] document = read(map.apply(start, record.length)[0]);
        dealloc.apply(start, record.length);
        return document;
    }

    /** The {@code _id} of the last document; empty when it has none. */
    String id() {
        return new String(read(id.apply()[0]), StandardCharsets.UTF_8);
    }

    /** How much memory it has, in bytes. */
    long memoryBytes() {
        return (long) instance.memory().pages() * com.dylibso.chicory.runtime.Memory.PAGE_SIZE;
    }

    private int handOver(byte[] bytes) {
        int start = (int) alloc.apply(bytes.length)[0];
        instance.memory().write(start, bytes);
        return start;
    }

    private byte[] read(long place) {
        int start = (int) (place >>> 32);
        int length = (int) place;
        if ((length & PROBLEM) != 0) {
            byte[] text = instance.memory().readBytes(start, length & ~PROBLEM);
            throw new RefusedException(new String(text, StandardCharsets.UTF_8));
        }
        return instance.memory().readBytes(start, length);
    }

    /** A module and what was compiled of it, which fits no other one. */
    private record Compiled(WasmModule module, Function<Instance, Machine> factory) {
        static Compiled of(WasmModule module) {
            // A function that is too long for a method of the JVM is interpreted.
            var compiler = MachineFactoryCompiler.builder(module).withInterpreterFallback(InterpreterFallback.SILENT);
            return new Compiled(module, compiler.compile());
        }
    }

    /** What the module says is wrong with what it was given. */
    static final class RefusedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        RefusedException(String message) {
            super(message);
        }
    }
}
