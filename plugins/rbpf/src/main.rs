//! The plugin `rbpf`: the crate rbpf, its interpreter, its own JIT compiler for x86-64, and the one
//! that it builds on Cranelift.
//!
//! Programs run in an EbpfVmRaw, whose memory is the row's block. rbpf's own verifier judges every
//! program. A panic of rbpf is not caught: a host program would see it, too.

#[path = "../../sdk/bpf_assay_plugin.rs"]
mod bpf_assay_plugin;
mod claims;
mod helpers;
mod stack;

use bpf_assay_plugin::{serve, Info, Loaded, Program, Runtime, Unavailable, Verdict};
use rbpf::EbpfVmRaw;
use std::io::Error;
use std::slice::from_raw_parts_mut;

#[derive(Clone, Copy, Default, PartialEq)]
enum Engine {
    Interpreter,
    #[default]
    Jit,
    Cranelift,
}

/// A virtual machine and the program that it refers to, which must not go before it.
struct Machine {
    vm: EbpfVmRaw<'static>,
    _image: Box<[u8]>,
}

#[derive(Default)]
struct Rbpf {
    engine: Engine,
    machine: Option<Machine>,
}

impl Machine {
    /// Verifies and compiles the program.
    fn new(engine: Engine, image: Vec<u8>) -> Result<Machine, Error> {
        let image = image.into_boxed_slice();
        // SAFETY: the bytes stay where they are as long as this Machine, and nobody writes to them.
        let program = unsafe { &*std::ptr::from_ref(&*image) };
        let mut vm = EbpfVmRaw::new(Some(program))?;
        vm.set_stack_usage_calculator(stack::usage, Box::new(()))?;
        for (_, id, function) in helpers::ALL {
            vm.register_helper(id, function)?;
        }
        match engine {
            Engine::Interpreter => (),
            Engine::Jit => vm.jit_compile()?,
            Engine::Cranelift => vm.cranelift_compile()?,
        }
        Ok(Machine { vm, _image: image })
    }
}

/// For the one-shot contract: R2 = the length of the memory, which rbpf's API cannot set.
fn with_r2(length: usize, image: &[u8]) -> Vec<u8> {
    let mov64_r2 = [0xb7, 2, 0, 0];
    [&mov64_r2, &(length as u32).to_le_bytes(), image].concat()
}

impl Runtime for Rbpf {
    fn info(&mut self) -> Result<Info, Unavailable> {
        if self.engine == Engine::Jit && !cfg!(target_arch = "x86_64") {
            let why = "rbpf's own JIT compiler is for x86-64: --engine cranelift or interpreter";
            return Err(Unavailable { why: why.into(), cause: "setup" });
        }
        let (engine, options) = match self.engine {
            Engine::Interpreter => ("interpreter", "--engine interpreter"),
            Engine::Jit => ("jit", "--engine jit"),
            Engine::Cranelift => ("jit", "--engine cranelift"),
        };
        let mut info = Info::new("rbpf", env!("RBPF_VERSION"), engine);
        info.groups = claims::GROUPS.to_vec();
        info.excluded = claims::EXCLUDED.to_vec();
        if self.engine == Engine::Cranelift {
            info.excluded.extend(claims::EXCLUDED_OF_CRANELIFT);
        }
        info.helpers = helpers::ALL.iter().map(|(role, id, _)| (*role, *id)).collect();
        info.facts = vec![
            ("machine", std::env::consts::ARCH.into()),
            ("options", options.into()),
            ("verifier", "rbpf's default".into()),
        ];
        Ok(info)
    }

    fn load(&mut self, program: &Program) -> Verdict {
        self.machine = None;
        let image = match program.one_shot_memory {
            Some(length) => with_r2(length, program.image),
            None => program.image.to_vec(),
        };
        match Machine::new(self.engine, image) {
            Ok(machine) => {
                self.machine = Some(machine);
                Verdict::Loaded(Loaded::default())
            }
            Err(why) => Verdict::Rejected(why.to_string()),
        }
    }

    fn run(&mut self, block: &mut [u8]) -> Result<u64, String> {
        let Machine { vm, .. } = self.machine.as_ref().ok_or("no program is loaded")?;
        // SAFETY: rbpf asks for memory that lives as long as the program, but keeps none of it.
        let memory = unsafe { from_raw_parts_mut(block.as_mut_ptr(), block.len()) };
        let r0 = match self.engine {
            Engine::Interpreter => vm.execute_program(memory),
            // SAFETY: none; the machine code is what is to be tested.
            Engine::Jit => unsafe { vm.execute_program_jit(memory) },
            Engine::Cranelift => vm.execute_program_cranelift(memory),
        };
        r0.map_err(|why| why.to_string())
    }

    fn set_option(
        &mut self,
        name: &str,
        rest: &mut dyn Iterator<Item = String>,
    ) -> Result<(), String> {
        if name != "--engine" {
            return Err("unknown option, see --help".into());
        }
        self.engine = match rest.next().ok_or("ENGINE is missing")?.as_str() {
            "interpreter" => Engine::Interpreter,
            "jit" => Engine::Jit,
            "cranelift" => Engine::Cranelift,
            _ => return Err("neither interpreter, jit nor cranelift".into()),
        };
        Ok(())
    }

    fn usage(&self) -> &'static str {
        "  --engine ENGINE       interpreter, jit (default: rbpf's own for x86-64) or cranelift\n"
    }
}

fn main() -> std::process::ExitCode {
    serve(Rbpf::default())
}
