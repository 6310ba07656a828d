//! The runtime: MOV64, ADD64, LDDW, LDXDW, STXDW and EXIT, enough for the lowered vectors of 64-bit
//! additions and moves. It claims no conformance group, so that all else is unsupported.

const BLOCK: u64 = 0x1000_0000; // virtual addresses
const STACK: u64 = 0x2000_0000;
const STACK_SIZE: usize = 512;

const ADD_K: u8 = 0x07;
const ADD_X: u8 = 0x0f;
const MOV_K: u8 = 0xb7;
const MOV_X: u8 = 0xbf;
const LDDW: u8 = 0x18;
const LDXDW: u8 = 0x79;
const STXDW: u8 = 0x7b;
const EXIT: u8 = 0x95;

#[derive(Clone, Copy)]
struct Slot {
    opcode: u8,
    dst: u8,
    src: u8,
    offset: i16,
    imm: i64, // of LDDW: all 64 bits
}

impl Slot {
    fn decode(bytes: &[u8]) -> Slot {
        Slot {
            opcode: bytes[0],
            dst: bytes[1] & 15,
            src: bytes[1] >> 4,
            offset: i16::from_le_bytes([bytes[2], bytes[3]]),
            imm: i32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]).into(),
        }
    }

    /// Refuses unknown opcodes, fields that must be zero and are not, and registers that are none.
    fn check(&self) -> Result<(), String> {
        let (dst, src, offset, imm) = match self.opcode {
            ADD_K | MOV_K | LDDW => (9, 0, false, true), // R10 cannot be written
            ADD_X | MOV_X => (9, 10, false, false),
            LDXDW => (9, 10, true, false),
            STXDW => (10, 10, true, false),
            EXIT => (0, 0, false, false),
            opcode => return Err(format!("opcode {opcode:#04x} is not known")),
        };
        if self.dst > dst || self.src > src {
            return Err(format!("dst cannot be {}, or src {}", self.dst, self.src));
        }
        if (self.offset != 0 && !offset) || (self.imm != 0 && !imm) {
            return Err(format!("offset cannot be {}, or imm {}", self.offset, self.imm));
        }
        Ok(())
    }
}

pub struct Program(Vec<Slot>); // ends by EXIT, and has no jumps

impl Program {
    pub fn decode(image: &[u8]) -> Result<Program, String> {
        let mut slots = image.chunks(8);
        if image.len() % 8 != 0 || image.is_empty() || image[image.len() - 8] != EXIT {
            return Err("not a whole number of slots with EXIT as the last".into());
        }
        let mut program = Vec::new();
        while let Some(bytes) = slots.next() {
            let mut slot = Slot::decode(bytes);
            let number = image.len() / 8 - slots.len() - 1;
            slot.check().map_err(|why| format!("slot {number}: {why}"))?;
            if slot.opcode == LDDW {
                let next = slots.next().unwrap_or_default(); // there is one: EXIT ends the program
                if next[..4] != [0; 4] {
                    return Err(format!("slot {}: not the second half of LDDW", number + 1));
                }
                slot.imm = Slot::decode(next).imm << 32 | slot.imm & 0xffff_ffff;
            }
            program.push(slot);
        }
        Ok(Program(program))
    }

    /// Returns R0, or why the program cannot go on.
    pub fn execute(&self, block: &mut [u8]) -> Result<u64, String> {
        let mut stack = [0; STACK_SIZE];
        let mut registers = [0; 11];
        registers[1] = BLOCK;
        registers[10] = STACK + STACK_SIZE as u64;
        for slot in &self.0 {
            let (dst, src) = (registers[slot.dst as usize], registers[slot.src as usize]);
            registers[slot.dst as usize] = match slot.opcode {
                ADD_K => dst.wrapping_add(slot.imm as u64),
                ADD_X => dst.wrapping_add(src),
                MOV_K | LDDW => slot.imm as u64,
                MOV_X => src,
                LDXDW => u64::from_le_bytes(*find(block, &mut stack, src, slot.offset)?),
                STXDW => {
                    *find(block, &mut stack, dst, slot.offset)? = src.to_le_bytes();
                    dst
                }
                _ => return Ok(registers[0]), // EXIT
            };
        }
        Err("the program has no EXIT".into())
    }
}

/// The 8 bytes at an address.
fn find<'a>(
    block: &'a mut [u8],
    stack: &'a mut [u8],
    base: u64,
    offset: i16,
) -> Result<&'a mut [u8; 8], String> {
    let address = base.wrapping_add(offset as u64);
    let (memory, start) = if address >= STACK { (stack, STACK) } else { (block, BLOCK) };
    usize::try_from(address.wrapping_sub(start))
        .ok()
        .and_then(|at| memory.get_mut(at..)?.first_chunk_mut())
        .ok_or(format!("there are no 8 bytes at {address:#x}"))
}
