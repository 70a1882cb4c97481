//! Makes the executor's fuel follow what the engine does.
//!
//! wasmi charges for a whole stretch of code where it is entered: at a function's start, at a `loop`
//! and at an `if`, for all that follows up to its `end`, blocks included. An interpreter is one loop
//! around a `br_table` with a case for each instruction, so that each would pay for all cases: some
//! 30,000 units. Here what follows a `block` becomes a `loop` that nothing branches to, which charges
//! for itself when it is reached.

use super::module::unsigned;
use anyhow::{Context, Result};
use wasmparser::{
    BlockType, CompositeInnerType, FuncType, FuncValidator, FunctionBody, Operator, Parser, Payload, ValType,
    ValidPayload, Validator, ValidatorResources,
};

const LOOP: u8 = 0x03;
const END: u8 = 0x0b;
const BR: u8 = 0x0c;
const BR_IF: u8 = 0x0d;
const BR_TABLE: u8 = 0x0e;
const EMPTY: u8 = 0x40;

/// The code section of the same module where each stretch is charged for itself.
pub(super) fn metered(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut validator = Validator::new();
    let mut types = Vec::new();
    let mut allocations = wasmparser::FuncValidatorAllocations::default();
    let (mut count, mut bodies) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if let Payload::TypeSection(section) = &payload {
            types = function_types(section.clone())?;
        }
        if let ValidPayload::Func(function, body) = validator.payload(&payload)? {
            let mut function = function.into_validator(allocations);
            let metered = Metered::new(wasm, &types).body(&body, &mut function)?;
            super::module::sized(&mut bodies, &metered)?;
            count += 1;
            allocations = function.into_allocations();
        }
    }
    let mut section = Vec::new();
    unsigned(&mut section, count);
    section.append(&mut bodies);
    Ok(section)
}

fn function_types(section: wasmparser::TypeSectionReader<'_>) -> Result<Vec<Option<FuncType>>> {
    let mut types = Vec::new();
    for group in section {
        types.extend(group?.into_types().map(|ty| match ty.composite_type.inner {
            CompositeInnerType::Func(function) => Some(function),
            CompositeInnerType::Array(_) | CompositeInnerType::Struct(_) | CompositeInnerType::Cont(_) => None,
        }));
    }
    Ok(types)
}

/// A function's body as it is rewritten.
struct Metered<'a> {
    wasm: &'a [u8],
    types: &'a [Option<FuncType>],
    /// For each open block of the original, whether it is a `block`, and how many loops were added in it.
    open: Vec<(bool, u32)>,
    code: Vec<u8>,
}

impl<'a> Metered<'a> {
    fn new(wasm: &'a [u8], types: &'a [Option<FuncType>]) -> Self {
        Self { wasm, types, open: vec![(false, 0)], code: Vec::new() }
    }

    fn body(mut self, body: &FunctionBody<'_>, validator: &mut FuncValidator<ValidatorResources>) -> Result<Vec<u8>> {
        let mut operators = body.get_operators_reader()?;
        let mut locals = body.get_binary_reader();
        validator.read_locals(&mut locals)?;
        self.copy(body.range().start, operators.original_position())?;
        while !operators.eof() {
            let start = operators.original_position();
            let operator = operators.read()?;
            validator.op(start, &operator)?;
            self.operator(&operator, start, operators.original_position(), validator)?;
        }
        Ok(self.code)
    }

    fn copy(&mut self, start: usize, end: usize) -> Result<()> {
        self.code.extend_from_slice(self.wasm.get(start..end).context("an instruction lies in its module")?);
        Ok(())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other instructions stay as they are")]
    fn operator(
        &mut self,
        operator: &Operator<'_>,
        start: usize,
        end: usize,
        validator: &FuncValidator<ValidatorResources>,
    ) -> Result<()> {
        match operator {
            Operator::Block { .. } => self.open.push((true, 0)),
            Operator::Loop { .. } | Operator::If { .. } => self.open.push((false, 0)),
            Operator::Else => {
                if let Some((_, added)) = self.open.last_mut() {
                    let added = std::mem::take(added);
                    self.code.extend((0..added).map(|_| END));
                }
            }
            Operator::End => {
                let (is_block, added) = self.open.pop().context("an `end` ends something")?;
                self.code.extend((0..added).map(|_| END));
                self.copy(start, end)?;
                if is_block {
                    self.charge(validator)?;
                }
                return Ok(());
            }
            Operator::Br { relative_depth } => return self.branch(BR, *relative_depth),
            Operator::BrIf { relative_depth } => return self.branch(BR_IF, *relative_depth),
            Operator::BrTable { targets } => {
                self.code.push(BR_TABLE);
                unsigned(&mut self.code, targets.len());
                for target in targets.targets() {
                    let depth = self.depth(target?)?;
                    unsigned(&mut self.code, depth);
                }
                let depth = self.depth(targets.default())?;
                unsigned(&mut self.code, depth);
                return Ok(());
            }
            _ => {}
        }
        self.copy(start, end)
    }

    fn branch(&mut self, instruction: u8, depth: u32) -> Result<()> {
        self.code.push(instruction);
        let depth = self.depth(depth)?;
        unsigned(&mut self.code, depth);
        Ok(())
    }

    /// A branch's depth with the loops that were added around it.
    fn depth(&self, depth: u32) -> Result<u32> {
        let passed = usize::try_from(depth)?.checked_add(1).context("a depth is small")?;
        Ok(self.open.iter().rev().take(passed).fold(depth, |depth, (_, added)| depth.saturating_add(*added)))
    }

    /// Begins a stretch, where a loop may begin: nothing lies on the stack that it would have to take.
    fn charge(&mut self, validator: &FuncValidator<ValidatorResources>) -> Result<()> {
        let frame = validator.get_control_frame(0).context("code lies in a function")?;
        if frame.unreachable || usize::try_from(validator.operand_stack_height())? != frame.height {
            return Ok(());
        }
        let Some(result) = self.result(frame.block_type) else { return Ok(()) };
        let Some((_, added)) = self.open.last_mut() else { return Ok(()) };
        // The last stretch ends here, unless it is to leave a value.
        if result == EMPTY && *added > 0 {
            self.code.push(END);
        } else {
            *added += 1;
        }
        self.code.extend([LOOP, result]);
        Ok(())
    }

    /// What stands for a block's result; none where no single byte does.
    fn result(&self, ty: BlockType) -> Option<u8> {
        let of = |ty| match ty {
            ValType::I32 => Some(0x7f),
            ValType::I64 => Some(0x7e),
            ValType::F32 => Some(0x7d),
            ValType::F64 => Some(0x7c),
            ValType::V128 | ValType::Ref(_) => None,
        };
        match ty {
            BlockType::Empty => Some(EMPTY),
            BlockType::Type(ty) => of(ty),
            BlockType::FuncType(index) => match self.types.get(usize::try_from(index).ok()?)?.as_ref()?.results() {
                [] => Some(EMPTY),
                [ty] => of(*ty),
                [_, _, ..] => None,
            },
        }
    }
}
