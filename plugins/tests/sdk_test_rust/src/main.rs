//! A runtime for sdk_test.py: the first byte of a program says what happens.

#[path = "../../../sdk/bpf_assay_plugin.rs"]
mod bpf_assay_plugin;

use bpf_assay_plugin::{serve, Info, Loaded, Program, Runtime, Unavailable, Verdict};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[derive(Default)]
struct Test {
    kind: u8,
    one_shot: Option<usize>,
    unavailable: bool,
    big_endian: Option<bool>,
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

impl Runtime for Test {
    fn info(&mut self) -> Result<Info, Unavailable> {
        if self.unavailable {
            return Err(Unavailable { why: "not today".into(), cause: "permission" });
        }
        let mut info = Info::new("test", "1", "native");
        info.helpers = vec![("mix", 5), ("copy", u32::MAX)];
        info.threads = 3;
        info.packets = true;
        info.max_insns = 8;
        info.max_block = 1 << 16;
        info.excluded = vec!["div32_imm", "div32_reg"];
        info.facts = vec![("text", lossy(b"a \"b\" \\ \n \x01 \xc3\xa9 \xff"))];
        info.big_endian = self.big_endian.unwrap_or(info.big_endian);
        Ok(info)
    }

    fn load(&mut self, program: &Program) -> Verdict {
        println!("chatter of the runtime");
        self.kind = *program.image.first().unwrap_or(&b'e');
        self.one_shot = program.one_shot_memory;
        let why = format!("{} bytes: ", program.image.len())
            + &lossy(b"\xf0\x9f\x98\x80 \xed\xa0\x80 \xc0\xaf \t\"");
        match self.kind {
            b'e' => Verdict::Rejected(why),
            b'u' => Verdict::Unsupported(why),
            b'm' => Verdict::Unable(why, "memory"),
            b'p' => Verdict::Unable(why, "permission"),
            b't' => Verdict::Loaded(Loaded {
                engine: Some("jit"),
                machine_code_bytes: 77,
                translated: Some(program.image.to_vec()),
                log: "x".repeat(9999),
            }),
            _ => Verdict::Loaded(Loaded::default()),
        }
    }

    fn run(&mut self, block: &mut [u8]) -> Result<u64, String> {
        let mut r0 = self.one_shot.map_or(0, |size| 0xfedcba9800000000 + size as u64);
        for byte in block.iter_mut() {
            r0 += u64::from(*byte);
            *byte = !*byte;
        }
        match self.kind {
            b'a' => Ok(block.as_ptr() as u64 % 8),
            b'c' => std::process::abort(),
            b'f' if block.first() != Some(&0xff) => Err(lossy(b"fault \xff")),
            _ => Ok(r0),
        }
    }

    fn run_many(&mut self, block: &mut [u8], threads: u64, times: u64) -> Result<u64, String> {
        let goal = u64::from_ne_bytes(block[8..16].try_into().unwrap());
        let counter = unsafe { AtomicU64::from_ptr(block.as_mut_ptr().cast()) };
        let kind = self.kind;
        let work = || {
            let (mut all, mut why) = (0, None);
            for _ in 0..times {
                let mut value = 0;
                for _ in 0..1000 {
                    value = if kind == b'n' {
                        let next = counter.load(Relaxed) + 1;
                        std::thread::yield_now(); // so that another thread is in between
                        counter.store(next, Relaxed);
                        next
                    } else {
                        counter.fetch_add(1, Relaxed) + 1
                    };
                }
                if kind == b'f' && value == goal {
                    why = Some(format!("at {value}"));
                }
                all |= if value == goal { 4 } else { 1 };
            }
            why.map_or(Ok(all), Err)
        };
        std::thread::scope(|scope| {
            let crew: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let results: Vec<Result<u64, String>> =
                crew.into_iter().map(|t| t.join().unwrap()).collect();
            results.into_iter().try_fold(0, |all, r0| Ok(all | r0?))
        })
    }

    fn set_option(
        &mut self,
        name: &str,
        rest: &mut dyn Iterator<Item = String>,
    ) -> Result<(), String> {
        match name {
            "--unavailable" => self.unavailable = true,
            "--byte-order" => match rest.next().ok_or("ORDER is missing")?.as_str() {
                "big" => self.big_endian = Some(true),
                "little" => self.big_endian = Some(false),
                _ => return Err("it is no byte order".into()),
            },
            _ => return Err("unknown option, see --help".into()),
        }
        Ok(())
    }
}

fn main() -> std::process::ExitCode {
    serve(Test::default())
}
