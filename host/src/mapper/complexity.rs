//! Refuses components that no compiler should see: reads through the bytes once, in time that grows with their length.
//!
//! What a compiler needs may grow with the square of what is in a function, so the limits are of each function and of
//! the whole. They stand far above what compilers make of mappings, and also of whole interpreters.

use wasmparser::{BinaryReaderError, CompositeInnerType, ElementItems, FunctionBody, Operator, Parser, Payload};

use super::component_error::ComponentError;

/// The most of something that a component may have.
struct Limit {
    what: &'static str,
    most: u64,
    /// What the larger of the built-in mappings has, rounded up; a test sees that it stays true.
    #[cfg_attr(not(test), expect(dead_code, reason = "for people, and for the test"))]
    built_in: u64,
}

const BODY: Limit = Limit { what: "bytes in a function", most: 1024 * 1024, built_in: 100_000 };
const LOCALS: Limit = Limit { what: "locals in a function", most: 4096, built_in: 200 };
const DEPTH: Limit = Limit { what: "nested blocks in a function", most: 1024, built_in: 150 };
const WEIGHT: Limit = Limit { what: "locals times loops in a function", most: 1_000_000, built_in: 20_000 };
const TARGETS: Limit = Limit { what: "targets of branches in a function", most: 65_536, built_in: 200 };
const PARAMETERS: Limit = Limit { what: "parameters and results of a function", most: 256, built_in: 20 };
const FUNCTIONS: Limit = Limit { what: "functions", most: 50_000, built_in: 1000 };
const CODE: Limit = Limit { what: "bytes of code", most: 48 * 1024 * 1024, built_in: 1_000_000 };
const TYPES: Limit = Limit { what: "types", most: 10_000, built_in: 200 };
const ITEMS: Limit = Limit { what: "imports, globals, tables, memories and exports", most: 20_000, built_in: 200 };
const SEGMENTS: Limit = Limit { what: "segments of data and elements", most: 20_000, built_in: 100 };
const ELEMENTS: Limit = Limit { what: "elements of tables", most: 100_000, built_in: 500 };
const MODULES: Limit = Limit { what: "modules and components inside", most: 64, built_in: 10 };
const PARTS: Limit = Limit { what: "types, instances and aliases of the component", most: 20_000, built_in: 500 };

/// What was counted.
#[derive(Debug, Default)]
struct Complexity {
    functions: u64,
    code: u64,
    types: u64,
    parameters: u64,
    items: u64,
    segments: u64,
    elements: u64,
    modules: u64,
    parts: u64,
    /// The most of any function.
    body: u64,
    locals: u64,
    depth: u64,
    weight: u64,
    targets: u64,
}

/// Says what is too much, if anything. What cannot be read the compiler will refuse.
pub(super) fn check(bytes: &[u8]) -> Result<(), ComponentError> {
    let mut complexity = Complexity::default();
    for payload in Parser::new(0).parse_all(bytes) {
        let read = payload.and_then(|payload| complexity.add(payload));
        read.map_err(|error| ComponentError::NotAComponent(wasmtime::Error::new(error)))?;
        // At once: what follows may be long.
        complexity.judge()?;
    }
    Ok(())
}

impl Complexity {
    fn add(&mut self, payload: Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    for ty in group?.types() {
                        self.types += 1;
                        if let CompositeInnerType::Func(function) = &ty.composite_type.inner {
                            let count = function.params().len() + function.results().len();
                            self.parameters = self.parameters.max(count as u64);
                        }
                    }
                }
            }
            Payload::ImportSection(section) => self.items += u64::from(section.count()),
            Payload::TableSection(section) => self.items += u64::from(section.count()),
            Payload::MemorySection(section) => self.items += u64::from(section.count()),
            Payload::TagSection(section) => self.items += u64::from(section.count()),
            Payload::GlobalSection(section) => self.items += u64::from(section.count()),
            Payload::ExportSection(section) => self.items += u64::from(section.count()),
            Payload::ElementSection(section) => {
                self.segments += u64::from(section.count());
                for element in section {
                    self.elements += u64::from(match element?.items {
                        ElementItems::Functions(functions) => functions.count(),
                        ElementItems::Expressions(_, expressions) => expressions.count(),
                    });
                }
            }
            Payload::DataSection(section) => self.segments += u64::from(section.count()),
            Payload::FunctionSection(section) => self.functions += u64::from(section.count()),
            Payload::CodeSectionEntry(body) => self.add_function(&body)?,
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => self.modules += 1,
            Payload::InstanceSection(section) => self.parts += u64::from(section.count()),
            Payload::CoreTypeSection(section) => self.parts += u64::from(section.count()),
            Payload::ComponentInstanceSection(section) => self.parts += u64::from(section.count()),
            Payload::ComponentAliasSection(section) => self.parts += u64::from(section.count()),
            Payload::ComponentTypeSection(section) => self.parts += u64::from(section.count()),
            Payload::ComponentCanonicalSection(section) => self.parts += u64::from(section.count()),
            Payload::ComponentImportSection(section) => self.items += u64::from(section.count()),
            Payload::ComponentExportSection(section) => self.items += u64::from(section.count()),
            _ => {}
        }
        Ok(())
    }

    fn add_function(&mut self, body: &FunctionBody<'_>) -> Result<(), BinaryReaderError> {
        let bytes = body.range().len() as u64;
        (self.code, self.body) = (self.code + bytes, self.body.max(bytes));
        let mut locals = 0_u64;
        for local in body.get_locals_reader()? {
            locals += u64::from(local?.0);
        }
        self.locals = self.locals.max(locals);
        if BODY.is_passed(self.body) || LOCALS.is_passed(self.locals) {
            // Known to be refused: there is no need to read on.
            return Ok(());
        }
        let (mut depth, mut loops, mut targets) = (0_u64, 0, 0);
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            match operators.read()? {
                Operator::Loop { .. } => (depth, loops) = (depth + 1, loops + 1),
                Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => depth += 1,
                Operator::End => depth = depth.saturating_sub(1),
                Operator::BrTable { targets: table } => targets += u64::from(table.len()),
                _ => {}
            }
            self.depth = self.depth.max(depth);
        }
        self.weight = self.weight.max(locals.saturating_mul(loops));
        self.targets = self.targets.max(targets);
        Ok(())
    }

    /// What was counted, each with how much of it there may be.
    fn counts(&self) -> [(&'static Limit, u64); 14] {
        [
            (&BODY, self.body),
            (&LOCALS, self.locals),
            (&DEPTH, self.depth),
            (&WEIGHT, self.weight),
            (&TARGETS, self.targets),
            (&PARAMETERS, self.parameters),
            (&FUNCTIONS, self.functions),
            (&CODE, self.code),
            (&TYPES, self.types),
            (&ITEMS, self.items),
            (&SEGMENTS, self.segments),
            (&ELEMENTS, self.elements),
            (&MODULES, self.modules),
            (&PARTS, self.parts),
        ]
    }

    fn judge(&self) -> Result<(), ComponentError> {
        match self.counts().into_iter().find(|(limit, count)| limit.is_passed(*count)) {
            Some((Limit { what, most, .. }, found)) => Err(ComponentError::TooComplex { what, most: *most, found }),
            None => Ok(()),
        }
    }
}

impl Limit {
    fn is_passed(&self, count: u64) -> bool {
        count > self.most
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        BlockType, CodeSection, ConstExpr, DataSection, ElementSection, Elements, Function, FunctionSection,
        GlobalSection, GlobalType, Instruction, Module, TypeSection, ValType,
    };

    use super::*;
    use crate::mapper::BUILT_IN;

    /// A module with one type, and these functions.
    fn module(functions: &[Function], count: u32) -> Module {
        let (mut module, mut types) = (Module::new(), TypeSection::new());
        types.ty().function([ValType::I32], []);
        module.section(&types);
        let (mut declared, mut code) = (FunctionSection::new(), CodeSection::new());
        for number in 0..count {
            declared.function(0);
            code.function(&functions[number as usize % functions.len()]);
        }
        module.section(&declared).section(&code);
        module
    }

    fn function(locals: u32, instructions: impl IntoIterator<Item = Instruction<'static>>) -> Function {
        let mut function = Function::new([(locals, ValType::I64)]);
        for instruction in instructions {
            function.instruction(&instruction);
        }
        function.instruction(&Instruction::End);
        function
    }

    fn nested(instruction: &Instruction<'static>, times: usize) -> Vec<Instruction<'static>> {
        [vec![instruction.clone(); times], vec![Instruction::End; times]].concat()
    }

    #[track_caller]
    fn refused(module: Module, expected: &str) {
        let error = check(&module.finish()).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.starts_with(&format!("too complex to be compiled: it has {expected}, ")), "{error}");
    }

    #[test]
    fn what_is_too_much_of_anything_is_refused() {
        let (empty, loop_) = (BlockType::Empty, Instruction::Loop(BlockType::Empty));
        assert!(check(&module(&[function(4096, nested(&loop_, 240))], 1).finish()).is_ok());
        refused(module(&[function(4097, [])], 1), "4097 locals in a function");
        refused(module(&[function(u32::MAX, [])], 1), "4294967295 locals in a function");
        let body = function(0, vec![Instruction::Nop; 1024 * 1024]);
        refused(module(&[body], 1), "1048580 bytes in a function");
        refused(
            module(&[function(0, nested(&Instruction::Block(empty), 1025))], 1),
            "1025 nested blocks in a function",
        );
        let loops = function(4000, nested(&loop_, 1000));
        refused(module(&[loops], 1), "4000000 locals times loops in a function");
        let table = Instruction::BrTable(vec![0; 70_000].into(), 0);
        refused(
            module(&[function(0, [Instruction::I32Const(0), table])], 1),
            "70000 targets of branches in a function",
        );
        refused(module(&[function(0, [])], 60_000), "60000 functions");
        let large = function(0, vec![Instruction::Nop; 1_000_000]);
        let code = check(&module(&[large], 60).finish()).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(code.contains("bytes of code, 50331648 are the most"), "{code}");
    }

    #[test]
    fn what_is_too_much_besides_functions_is_refused() {
        let mut wide = TypeSection::new();
        wide.ty().function(vec![ValType::I64; 300], []);
        let mut module = Module::new();
        module.section(&wide);
        refused(module, "300 parameters and results of a function");
        let mut many = TypeSection::new();
        (0..20_000).for_each(|_| many.ty().function([], []));
        let mut module = Module::new();
        module.section(&many);
        refused(module, "20000 types");
        let mut globals = GlobalSection::new();
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        for _ in 0..30_000 {
            globals.global(ty, &ConstExpr::i32_const(0));
        }
        let mut module = Module::new();
        module.section(&globals);
        refused(module, "30000 imports, globals, tables, memories and exports");
        let mut data = DataSection::new();
        for _ in 0..30_000 {
            data.passive([]);
        }
        let mut module = Module::new();
        module.section(&data);
        refused(module, "30000 segments of data and elements");
        let mut elements = ElementSection::new();
        elements.passive(Elements::Functions(vec![0; 200_000].into()));
        let mut module = Module::new();
        module.section(&elements);
        refused(module, "200000 elements of tables");
    }

    #[test]
    fn the_built_in_mappings_are_far_below_every_limit() {
        for built_in in BUILT_IN {
            let mut complexity = Complexity::default();
            for payload in Parser::new(0).parse_all(built_in.bytes) {
                complexity.add(payload.unwrap()).unwrap();
            }
            for (limit, found) in complexity.counts() {
                assert!(found <= limit.built_in, "{}: {found} {}", built_in.version, limit.what);
                assert!(4 * limit.built_in <= limit.most, "{}", limit.what);
            }
        }
    }
}
