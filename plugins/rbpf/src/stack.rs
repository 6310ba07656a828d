//! How much stack a local function needs: the "stack usage calculator" that rbpf asks its host for.
//! Without one the interpreter gives 256 bytes to each, also to those that use more. Its stack has
//! 512 bytes for all frames together. The compilers do not ask.

use rbpf::ebpf::{self, Insn};
use std::any::Any;

/// Bytes below R10 that the function which begins at slot `pc` accesses, or takes an address of.
pub fn usage(image: &[u8], pc: usize, _: &mut dyn Any) -> u16 {
    let slots = image.len() / ebpf::INSN_SIZE;
    let mut seen = vec![false; slots];
    let mut waiting = vec![pc]; // rbpf also asks for the numbers of helper functions
    let mut deepest = 0;
    while let Some(pc) = waiting.pop().filter(|pc| *pc < slots) {
        if std::mem::replace(&mut seen[pc], true) {
            continue;
        }
        let insn = ebpf::get_insn(image, pc);
        deepest = deepest.max(below_r10(&insn));
        if insn.opc != ebpf::EXIT && insn.opc != ebpf::JA {
            waiting.push(pc + 1);
        }
        if is_jump(&insn) {
            waiting.push((pc as isize + 1 + insn.off as isize) as usize);
        }
    }
    (deepest + 7) & !7
}

fn is_jump(insn: &Insn) -> bool {
    let class = insn.opc & ebpf::BPF_CLS_MASK;
    let jump = class == ebpf::BPF_JMP || class == ebpf::BPF_JMP32;
    jump && insn.opc != ebpf::EXIT && insn.opc != ebpf::CALL
}

/// For an addition of a constant, the register may be a copy of R10: it is taken for one if the
/// constant is that of a stack.
fn below_r10(insn: &Insn) -> u16 {
    let distance = match insn.opc & ebpf::BPF_CLS_MASK {
        ebpf::BPF_LDX if insn.src == 10 => -i32::from(insn.off),
        ebpf::BPF_ST | ebpf::BPF_STX if insn.dst == 10 => -i32::from(insn.off),
        _ if insn.opc == ebpf::ADD64_IMM => insn.imm.wrapping_neg(),
        _ => 0,
    };
    if (0..=ebpf::STACK_SIZE as i32).contains(&distance) {
        distance as u16
    } else {
        0
    }
}
