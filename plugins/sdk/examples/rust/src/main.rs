//! A bpf-assay plugin in Rust. The runtime is in runtime.rs: put your own in its place.

#[path = "../../../bpf_assay_plugin.rs"]
mod bpf_assay_plugin;
mod runtime;

use bpf_assay_plugin::{serve, Info, Loaded, Program, Runtime, Unavailable, Verdict};

#[derive(Default)]
struct Plugin {
    program: Option<runtime::Program>,
}

impl Runtime for Plugin {
    fn info(&mut self) -> Result<Info, Unavailable> {
        let mut info = Info::new("minimal-rust", env!("CARGO_PKG_VERSION"), "interpreter");
        info.big_endian = false; // whatever the machine's byte order is
        info.groups = vec![]; // the conformance groups that your runtime promises
        Ok(info)
    }

    fn load(&mut self, program: &Program) -> Verdict {
        self.program = None;
        match runtime::Program::decode(program.image) {
            Ok(decoded) => {
                self.program = Some(decoded);
                Verdict::Loaded(Loaded::default())
            }
            Err(why) => Verdict::Rejected(why),
        }
    }

    fn run(&mut self, block: &mut [u8]) -> Result<u64, String> {
        self.program.as_ref().ok_or("no program is loaded")?.execute(block)
    }
}

fn main() -> std::process::ExitCode {
    serve(Plugin::default())
}
