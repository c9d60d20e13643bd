//! Fluent Bit's `filter_wasm`, to the letter: copies in with the guest's `malloc`, one instance for good, the answer
//! must lie in memory and end with NUL, is copied and never freed; any fault drops the record.

use std::path::Path;

use serde_json::Value;
use wasmtime::{Instance, Memory, Module, Store, StoreLimits, StoreLimitsBuilder, TypedFunc};

/// Tag, its length, seconds, nanoseconds, record, its length; the answer is an address.
type Function = TypedFunc<(i32, i32, i32, i32, i32, i32), i32>;

/// The filter with its one instance.
pub struct FluentBit {
    store: Store<StoreLimits>,
    memory: Memory,
    malloc: TypedFunc<i32, i32>,
    free: TypedFunc<i32, ()>,
    function: Function,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Filtered {
    /// Its body now.
    Body(Value),
    /// It is gone: on purpose, when the answer was empty.
    Dropped(&'static str),
}

impl FluentBit {
    /// Loads a module; the plugin provides WASI, which ours does not ask for.
    ///
    /// # Errors
    ///
    /// When it is not a module that the plugin could run.
    pub fn load(module: &Path) -> wasmtime::Result<Self> {
        let engine = super::engine()?;
        let module = Module::from_file(&engine, module)?;
        let mut store = Store::new(&engine, StoreLimits::default());
        store.limiter(|limits| limits);
        let instance = Instance::new(&mut store, &module, &[])?;
        let memory = instance.get_memory(&mut store, "memory").ok_or_else(|| wasmtime::Error::msg("no memory"))?;
        Ok(Self {
            memory,
            malloc: instance.get_typed_func(&mut store, "malloc")?,
            free: instance.get_typed_func(&mut store, "free")?,
            function: instance.get_typed_func(&mut store, "exotrace")?,
            store,
        })
    }

    /// The size of the guest's memory in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    /// Lets the memory grow no further than that, in bytes.
    pub fn limit_memory(&mut self, bytes: usize) {
        *self.store.data_mut() = StoreLimitsBuilder::new().memory_size(bytes).build();
    }

    /// Filters one record, as JSON.
    pub fn filter(&mut self, record: &[u8]) -> Filtered {
        let (Some(tag), Some(body)) = (self.copy_in(b"exchange"), self.copy_in(record)) else {
            return Filtered::Dropped("no memory for the record");
        };
        let arguments = (tag, 8, 1_772_600_767, 890_000_000, body, length(record));
        let answer = match self.function.call(&mut self.store, arguments) {
            Ok(0) => Filtered::Dropped("on purpose"),
            Ok(answer) => self.read(answer),
            Err(_) => Filtered::Dropped("trap"),
        };
        for address in [tag, body] {
            if self.free.call(&mut self.store, address).is_err() {
                return Filtered::Dropped("trap in free");
            }
        }
        answer
    }

    fn copy_in(&mut self, bytes: &[u8]) -> Option<i32> {
        let address = self.malloc.call(&mut self.store, length(bytes) + 1).ok().filter(|address| *address != 0)?;
        let start = usize::try_from(address.cast_unsigned()).ok()?;
        self.memory.write(&mut self.store, start, bytes).ok()?;
        self.memory.write(&mut self.store, start + bytes.len(), &[0]).ok()?;
        Some(address)
    }

    fn read(&self, address: i32) -> Filtered {
        let start = usize::try_from(address.cast_unsigned()).unwrap_or(usize::MAX);
        let Some(text) = self.memory.data(&self.store).get(start..) else {
            return Filtered::Dropped("answer outside of the memory");
        };
        let Some(end) = text.iter().position(|byte| *byte == 0) else {
            return Filtered::Dropped("answer without an end");
        };
        match serde_json::from_slice(text.get(..end).unwrap_or_default()) {
            _ if end == 0 => Filtered::Dropped("on purpose"),
            Ok(body @ Value::Object(_)) => Filtered::Body(body),
            _ => Filtered::Dropped("answer is not a JSON object"),
        }
    }
}

fn length(bytes: &[u8]) -> i32 {
    i32::try_from(bytes.len()).expect("records of the tests are short")
}
