//! The `wasm` processor of Redpanda Connect: memory by the guest's `malloc`, given back after the call; what the guest
//! hands out is copied at once.

use std::{collections::BTreeMap, path::Path};

use wasmtime::{Caller, Linker, Memory, Module, Store, TypedFunc};

/// A message on its way through the processor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its metadata.
    pub metadata: BTreeMap<String, String>,
}

#[derive(Default)]
struct State {
    message: Message,
    /// What `malloc` gave for the message.
    handed_over: Vec<i32>,
}

/// The processor with one instance.
pub struct RedpandaConnect {
    store: Store<State>,
    memory: Memory,
    free: TypedFunc<i32, ()>,
    process: TypedFunc<(), ()>,
}

impl RedpandaConnect {
    /// Loads a module.
    ///
    /// # Errors
    ///
    /// When it is not a module that the processor could run.
    pub fn load(module: &Path) -> wasmtime::Result<Self> {
        let engine = super::engine()?;
        let module = Module::from_file(&engine, module)?;
        let mut linker = Linker::new(&engine);
        linker.func_wrap("benthos_wasm", "v0_msg_as_bytes", message)?;
        linker.func_wrap("benthos_wasm", "v0_msg_set_bytes", set_message)?;
        linker.func_wrap("benthos_wasm", "v0_msg_set_meta", set_metadata)?;
        let mut store = Store::new(&engine, State::default());
        let instance = linker.instantiate(&mut store, &module)?;
        let memory = instance.get_memory(&mut store, "memory").ok_or_else(|| wasmtime::Error::msg("no memory"))?;
        // Found by the processor, it would take back what the guest keeps.
        wasmtime::ensure!(instance.get_export(&mut store, "deallocate").is_none(), "`deallocate` is exported");
        Ok(Self {
            memory,
            free: instance.get_typed_func(&mut store, "free")?,
            process: instance.get_typed_func(&mut store, "process")?,
            store,
        })
    }

    /// The size of the guest's memory in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    /// Processes a message.
    ///
    /// # Errors
    ///
    /// When the guest traps: then the whole batch of the message has failed.
    pub fn process(&mut self, bytes: &[u8]) -> wasmtime::Result<Message> {
        self.store.data_mut().message = Message { bytes: bytes.to_vec(), metadata: BTreeMap::new() };
        let processed = self.process.call(&mut self.store, ());
        for address in std::mem::take(&mut self.store.data_mut().handed_over) {
            self.free.call(&mut self.store, address)?;
        }
        processed?;
        Ok(std::mem::take(&mut self.store.data_mut().message))
    }
}

fn message(mut caller: Caller<'_, State>) -> wasmtime::Result<u64> {
    let bytes = caller.data().message.bytes.clone();
    let length = u32::try_from(bytes.len())?;
    let malloc = caller.get_export("malloc").and_then(|export| export.into_func());
    let malloc = malloc.ok_or_else(|| wasmtime::Error::msg("no malloc"))?.typed::<i32, i32>(&caller)?;
    let address = malloc.call(&mut caller, length.cast_signed())?;
    caller.data_mut().handed_over.push(address);
    memory(&mut caller)?.write(&mut caller, address.cast_unsigned() as usize, &bytes)?;
    Ok((u64::from(address.cast_unsigned()) << 32) | u64::from(length))
}

fn set_message(mut caller: Caller<'_, State>, start: u32, length: u32) -> wasmtime::Result<()> {
    caller.data_mut().message.bytes = read(&mut caller, start, length)?;
    Ok(())
}

fn set_metadata(
    mut caller: Caller<'_, State>,
    key: u32,
    key_length: u32,
    value: u32,
    value_length: u32,
) -> wasmtime::Result<()> {
    let key = String::from_utf8(read(&mut caller, key, key_length)?)?;
    let value = String::from_utf8(read(&mut caller, value, value_length)?)?;
    caller.data_mut().message.metadata.insert(key, value);
    Ok(())
}

fn read(caller: &mut Caller<'_, State>, start: u32, length: u32) -> wasmtime::Result<Vec<u8>> {
    let mut bytes = vec![0; length as usize];
    memory(caller)?.read(&caller, start as usize, &mut bytes)?;
    Ok(bytes)
}

fn memory(caller: &mut Caller<'_, State>) -> wasmtime::Result<Memory> {
    let memory = caller.get_export("memory").and_then(|export| export.into_memory());
    memory.ok_or_else(|| wasmtime::Error::msg("no memory"))
}
