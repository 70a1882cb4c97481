//! From the fuzzer's bytes to host calls: a module that makes the calls which its input says, and such inputs.
//!
//! The module's input is the length of a blob of data, the data, and the calls; each call is the number of the host
//! function and its arguments as they are.

use phat_executor::fuzzing::{Import, imports};
use std::sync::{Arc, LazyLock};

/// Where the data lies in the module's memory.
const DATA: u32 = 4;
/// The longest input, in bytes.
const INPUT: u32 = 65_536;
/// Where answers may go.
const OUT: u32 = 0x2_0000;
/// Capacities of buffers, one after the other.
const CAPACITIES: u32 = 0x1_8000;
const CAPACITY: [u32; 8] = [0, 1, 4, 32, 64, 1_000, 70_000, u32::MAX];
/// The module's memory, in pages.
const PAGES: u32 = 4;
/// Where bounds checks go wrong.
const EDGES: [u32; 8] =
    [0, 1, PAGES * 65_536 - 1, PAGES * 65_536, PAGES * 65_536 + 1, i32::MAX as u32, 1 << 31, u32::MAX];
/// The functions of both chain extensions, and some that there are not.
const FUNCTIONS: [u32; 31] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 0x1_0000, SECRET,
    0x1_0002, 0x2_0001,
];
/// Reads a secret.
const SECRET: u32 = 0x1_0001;

static IMPORTS: LazyLock<Vec<Import>> = LazyLock::new(|| imports().collect());

/// The module.
pub(crate) static MODULE: LazyLock<Arc<[u8]>> = LazyLock::new(|| {
    let text = module();
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}")).into()
});

/// For each host function a case of one switch, which loads its arguments from behind the call's number.
fn module() -> String {
    let count = IMPORTS.len();
    let (mut declared, mut cases) = (String::new(), String::new());
    for (index, import) in IMPORTS.iter().enumerate() {
        let types = |types: &[_]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let (params, results) = (types(import.params), types(import.results));
        let (module, name) = (import.module, import.name);
        declared += &format!("(import \"{module}\" \"{name}\" (func $f{index} (param {params}) (result {results})))\n");
        let (mut offset, mut arguments) = (1, String::new());
        for param in import.params {
            let (kind, bytes) = (param.to_string(), width(param.to_string() == "i64"));
            arguments += &format!("({kind}.load offset={offset} (local.get $at)) ");
            offset += bytes;
        }
        let call = format!("(call $f{index} {arguments})");
        let call = if import.results.is_empty() { call } else { format!("(drop {call})") };
        cases += &format!("{call} (local.set $at (i32.add (local.get $at) (i32.const {offset}))) (br $next))\n");
    }
    let blocks = "(block ".repeat(count);
    let labels = (0..=count).map(|label| label.to_string()).collect::<Vec<_>>().join(" ");
    let capacities = CAPACITY.iter().flat_map(|capacity| capacity.to_le_bytes());
    let capacities: String = capacities.map(|byte| format!("\\{byte:02x}")).collect();
    format!(
        r#"(module (import "env" "memory" (memory {PAGES} {PAGES}))
            {declared}
            (data (i32.const {CAPACITIES}) "{capacities}")
            (func $run (local $at i32) (local $end i32)
                (i32.store (i32.const {OUT}) (i32.const {INPUT}))
                (call $f0 (i32.const 0) (i32.const {OUT}))
                (local.set $end (i32.load (i32.const {OUT})))
                (local.set $at (i32.add (i32.load (i32.const 0)) (i32.const {DATA})))
                (block $done (loop $next
                    (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
                    (block $stop {blocks} (block
                        (br_table {labels} (i32.load8_u (local.get $at))))
                    {cases}))))
            (func (export "deploy") (call $run))
            (func (export "call") (call $run)))"#
    )
}

const fn width(wide: bool) -> usize {
    if wide { 8 } else { 4 }
}

/// Takes numbers from the fuzzer's bytes; where they end, zeros.
struct Source<'a>(&'a [u8]);

impl Source<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn short(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    fn long(&mut self) -> u32 {
        u32::from(self.short()) | u32::from(self.short()) << 16
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken.to_vec()
    }
}

/// An input under way.
struct Plan {
    data: Vec<u8>,
    calls: Vec<u8>,
}

/// The module's input for these bytes. Its first call reads the contract's secret, which binds where it may go.
pub(crate) fn input(bytes: &[u8]) -> Vec<u8> {
    let mut source = Source(bytes);
    let length = usize::from(source.short() % 2_048);
    let mut plan = Plan { data: source.bytes(length), calls: Vec::new() };
    let secret = parity_scale_codec::Encode::encode(crate::host::SECRET);
    plan.extension(SECRET, &secret, OUT, CAPACITIES + 4 * 5);
    while !source.0.is_empty() && plan.calls.len() < 8_192 {
        plan.call(&mut source);
    }
    let length = u32::try_from(plan.data.len()).unwrap_or(0);
    [&length.to_le_bytes()[..], &plan.data, &plan.calls].concat()
}

impl Plan {
    fn call(&mut self, source: &mut Source<'_>) {
        let number = usize::from(source.byte());
        let Some(import) = IMPORTS.get(number) else {
            // Every other number is a call of a chain extension with arguments of its own.
            let function = FUNCTIONS[usize::from(source.byte()) % FUNCTIONS.len()];
            let length = usize::from(source.byte());
            let arguments = source.bytes(length);
            let (out, capacity) = (self.pointer(source), self.pointer(source));
            return self.extension(function, &arguments, out, capacity);
        };
        self.calls.push(u8::try_from(number).unwrap_or(0));
        for param in import.params {
            if param.to_string() == "i64" {
                let wide = [0, u64::MAX, u64::from(source.byte())][usize::from(source.byte() % 3)];
                self.calls.extend(wide.to_le_bytes());
            } else {
                let number = self.pointer(source);
                self.calls.extend(number.to_le_bytes());
            }
        }
    }

    fn extension(&mut self, function: u32, arguments: &[u8], out: u32, capacity: u32) {
        let Some(number) = IMPORTS.iter().position(|import| import.name == "call_chain_extension") else { return };
        let at = DATA + u32::try_from(self.data.len()).unwrap_or(0);
        self.data.extend_from_slice(arguments);
        let length = u32::try_from(arguments.len()).unwrap_or(0);
        self.calls.push(u8::try_from(number).unwrap_or(0));
        self.calls.extend([function, at, length, out, capacity].map(u32::to_le_bytes).concat());
    }

    /// A number that is likely to be a pointer or a length that makes sense, or to be on the edge of it.
    fn pointer(&self, source: &mut Source<'_>) -> u32 {
        match source.byte() % 8 {
            0 | 1 => DATA + u32::from(source.short()) % (u32::try_from(self.data.len()).unwrap_or(0) + 1),
            2 => u32::from(source.byte()),
            3 => OUT + u32::from(source.byte()) * 64,
            4 | 5 => CAPACITIES + u32::from(source.byte() % 8) * 4,
            6 => EDGES[usize::from(source.byte()) % EDGES.len()],
            _ => source.long(),
        }
    }
}
