//! Makes a bpf-assay plugin of a [`Runtime`]. Copy this file beside `main.rs` and say
//! `mod bpf_assay_plugin;`. Rust 2021; its only dependency is the crate `serde_json`.
//!
//! [`serve`] speaks both contracts of docs/plugin-protocol.md: the persistent protocol if standard
//! input begins with '{', the one-shot contract otherwise. What the runtime prints on standard
//! output is sent to standard error, so that it cannot garble the answers.
#![allow(dead_code)] // no plugin needs all of it

use serde_json::{json, Map, Value};
use std::alloc::{alloc, dealloc, handle_alloc_error, Layout};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{stdin, BufRead, BufReader, Read, StdinLock, Write};
use std::process::ExitCode;

const MAX_WHY: usize = 1023; // bytes of a reason that are sent
const MAX_LOG: usize = 4096; // bytes of a log that are sent: the last ones
const MAX_LINE: usize = 65536; // longest line, with its '\n'
const MAX_PAYLOAD: u64 = 64 << 20; // bytes after a line, in both directions

/// What `hello` says. [`Info::new`] sets all but the first three to the protocol's defaults.
pub struct Info {
    pub name: String,
    pub version: String,
    /// "interpreter", "jit" or "native".
    pub engine: &'static str,
    /// Of programs and data; default: as this machine.
    pub big_endian: bool,
    pub r0_bits: u32,
    pub max_insns: usize,
    pub max_block: usize,
    /// Whether programs with the context `packet` are taken.
    pub packets: bool,
    /// Whether a program may store an address into its memory.
    pub stores_pointers: bool,
    /// Conformance groups that are claimed, and mnemonics in them that are not.
    pub groups: Vec<&'static str>,
    pub excluded: Vec<&'static str>,
    /// x-...
    pub extensions: Vec<&'static str>,
    /// Roles of docs/plugin-protocol.md, and the static id of the function for each.
    pub helpers: Vec<(&'static str, u32)>,
    /// That can run the program at the same time; above 1, there is [`Runtime::run_many`].
    pub threads: u64,
    /// The environment: what a reader of the report must know.
    pub facts: Vec<(&'static str, String)>,
}

impl Info {
    pub fn new(name: &str, version: &str, engine: &'static str) -> Self {
        Info {
            name: name.into(),
            version: version.into(),
            engine,
            big_endian: cfg!(target_endian = "big"),
            r0_bits: 64,
            max_insns: 1_000_000,
            max_block: 131_072,
            packets: false,
            stores_pointers: true,
            groups: vec!["base32", "base64"],
            excluded: vec![],
            extensions: vec![],
            helpers: vec![],
            threads: 1,
            facts: vec![],
        }
    }
}

/// The runtime cannot be used.
pub struct Unavailable {
    pub why: String,
    /// "setup" or "permission".
    pub cause: &'static str,
}

pub struct Program<'a> {
    /// In the runtime's byte order. The number of bytes may be no multiple of 8, and 0.
    pub image: &'a [u8],
    /// R1 is the context of packet loads; otherwise the address of the block.
    pub packet: bool,
    /// For the one-shot contract, the length of the memory: R2 at the start.
    pub one_shot_memory: Option<usize>,
}

/// What is known of a loaded program. All of it is optional.
#[derive(Default)]
pub struct Loaded {
    /// What will run this program.
    pub engine: Option<&'static str>,
    pub machine_code_bytes: usize,
    pub log: String,
    /// The program after the runtime's own rewriting.
    pub translated: Option<Vec<u8>>,
}

/// The answer to a load; each text is the reason.
pub enum Verdict {
    Loaded(Loaded),
    /// The runtime refuses the program.
    Rejected(String),
    /// It cannot take this kind of program at all.
    Unsupported(String),
    /// No verdict; the cause is "memory" or "permission".
    Unable(String, &'static str),
}

/// What the author of a plugin writes.
pub trait Runtime {
    /// Called once, after the options.
    fn info(&mut self) -> Result<Info, Unavailable>;

    /// Replaces the program before it, also when it fails.
    fn load(&mut self, program: &Program) -> Verdict;

    /// Runs the program on the block (or the packet), in place, and returns R0, or why there was a
    /// fault. The block is 8-byte aligned and an allocation of its own.
    fn run(&mut self, block: &mut [u8]) -> Result<u64, String>;

    /// Runs the program `times` times on each of `threads` threads, all at once and all on the one
    /// block, and returns the OR of their results.
    fn run_many(&mut self, _block: &mut [u8], _threads: u64, _times: u64) -> Result<u64, String> {
        unimplemented!("run_many() is missing, although Info::threads offers several")
    }

    /// Sets an option of the command line, whose value, if it takes one, is the next argument.
    fn set_option(
        &mut self,
        _name: &str,
        _rest: &mut dyn Iterator<Item = String>,
    ) -> Result<(), String> {
        Err("unknown option, see --help".into())
    }

    /// Lines that explain the options.
    fn usage(&self) -> &'static str {
        ""
    }
}

/// Serves standard input until its end. What it returns is for `main` to return.
pub fn serve(mut runtime: impl Runtime) -> ExitCode {
    // The report quotes a plugin's last words, which must not be an advice on backtraces.
    std::panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
    let outcome = Arguments::read(&mut runtime).and_then(|arguments| {
        let input = BufReader::with_capacity(MAX_LINE, stdin().lock());
        let output = take_standard_output().map_err(|e| format!("standard output: {e}"))?;
        let (info, block) = (None, Block::new(0));
        let mut session = Session { runtime, input, output, info, loaded: None, block };
        session.serve(&arguments)
    });
    outcome.map_or_else(
        |complaint| {
            eprintln!("{complaint}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

// ---- From here on: how it is done --------------------------------------------------------------

/// Or the text with which the process fails.
type Outcome<T> = Result<T, String>;

/// Answers go to a copy of standard output; the original becomes a second standard error.
#[cfg(unix)]
fn take_standard_output() -> std::io::Result<File> {
    use std::os::fd::{AsFd, AsRawFd};
    extern "C" {
        fn dup2(from: i32, to: i32) -> i32; // of POSIX, which std links
    }
    let (output, error) = (std::io::stdout(), std::io::stderr());
    let answers = output.as_fd().try_clone_to_owned()?;
    // SAFETY: both descriptors are open, and nothing has been written to standard output yet.
    if unsafe { dup2(error.as_raw_fd(), output.as_raw_fd()) } < 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(File::from(answers))
}

/// A row's block: exactly its bytes, so that an instrumented runtime finds what reaches past them.
struct Block {
    start: *mut u8,
    size: usize,
}

impl Block {
    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size.max(1), 8).expect("a block has at most max_block bytes")
    }

    fn new(size: usize) -> Self {
        // SAFETY: the layout has at least one byte.
        let start = unsafe { alloc(Self::layout(size)) };
        if start.is_null() {
            handle_alloc_error(Self::layout(size)); // no answer is better than a wrong one
        }
        Block { start, size }
    }

    /// The block, holding what `before` holds.
    fn fill(&mut self, before: &[u8]) -> &mut [u8] {
        if self.size != before.len() {
            *self = Block::new(before.len());
        }
        // SAFETY: `start` has `size` bytes, which the copy initialises, and nobody else has them.
        unsafe {
            self.start.copy_from_nonoverlapping(before.as_ptr(), self.size);
            std::slice::from_raw_parts_mut(self.start, self.size)
        }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated with the same layout.
        unsafe { dealloc(self.start, Self::layout(self.size)) }
    }
}

/// The first bytes, as many as are sent, without half a character at the end.
fn short(why: &str) -> &str {
    let ends = (0..=why.len().min(MAX_WHY)).rev();
    &why[..ends.into_iter().find(|end| why.is_char_boundary(*end)).unwrap_or(0)]
}

/// A request: its name, what its object holds, and the bytes behind it.
struct Request {
    name: &'static str,
    body: Map<String, Value>,
    bytes: u64,
}

impl Request {
    fn parse(line: &[u8]) -> Result<Request, &'static str> {
        const NOT_JSON: &str = "the line is not JSON, or a number in it is no whole number";
        const NUMBERS: [&str; 6] = ["protocol", "insns", "rows", "size", "threads", "times"];
        if line.trim_ascii_start().first() != Some(&b'{') {
            return Err("a request is an object on one line");
        }
        let mut values = serde_json::Deserializer::from_slice(line).into_iter::<Value>();
        let Some(Ok(Value::Object(mut outer))) = values.next() else {
            return Err(NOT_JSON);
        };
        if !line[values.byte_offset()..].trim_ascii().is_empty() {
            return Err("there is something after the object");
        }
        let known = ["hello", "load", "run"].into_iter().filter(|name| outer.contains_key(*name));
        let name = match known.collect::<Vec<_>>()[..] {
            [] => return Err("neither hello, load nor run"),
            [name] => name,
            _ => return Err("the line holds two requests"),
        };
        let bytes = outer.get("bytes").map_or(Some(0), Value::as_u64).ok_or(NOT_JSON)?;
        let Some(Value::Object(body)) = outer.remove(name) else {
            return Err(NOT_JSON);
        };
        if NUMBERS.iter().any(|key| body.get(*key).is_some_and(|number| !number.is_u64())) {
            return Err(NOT_JSON);
        }
        Ok(Request { name, body, bytes })
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.body.get(key).and_then(Value::as_u64)
    }
}

struct Session<R: Runtime> {
    runtime: R,
    input: BufReader<StdinLock<'static>>,
    output: File,
    info: Option<Result<Info, Unavailable>>, // after hello
    loaded: Option<bool>,                    // whether the program runs on packets
    block: Block,
}

impl<R: Runtime> Session<R> {
    fn serve(&mut self, arguments: &Arguments) -> Outcome<()> {
        let memory = arguments.memory.as_deref();
        if let Some(program) = &arguments.program {
            return self.one_shot(program, memory);
        }
        let begin = self.input.fill_buf().map_err(|e| format!("standard input: {e}"))?.first();
        match (begin, memory) {
            (None, _) => Err("nothing on standard input".into()),
            (Some(b'{'), Some(memory)) => Err(format!("{memory}: memory comes with requests")),
            (Some(b'{'), None) => {
                while self.serve_request()? {}
                Ok(())
            }
            _ => {
                let mut program = String::new();
                let read = self.input.read_to_string(&mut program);
                read.map_err(|e| format!("the program on standard input cannot be read: {e}"))?;
                self.one_shot(&program, memory)
            }
        }
    }

    /// Sends the line and the payload at once. Nothing is ever held back: if the runtime crashes
    /// later, the answers before it must have arrived.
    fn send(&mut self, name: &str, body: Value, payload: Option<&[u8]>) -> Outcome<()> {
        let bytes = payload.map_or(String::new(), |p| format!(", \"bytes\": {}", p.len()));
        let mut answer = format!("{{\"{name}\": {body}{bytes}}}\n").into_bytes();
        if answer.len() > MAX_LINE {
            return Err("the answer is longer than a line may be".into());
        }
        answer.extend_from_slice(payload.unwrap_or_default());
        self.output.write_all(&answer).map_err(|e| format!("standard output: {e}"))
    }

    /// Answers a request that cannot be read, and ends the session.
    fn error<T>(&mut self, why: &str) -> Outcome<T> {
        self.send("error", json!({ "why": why }), None)?;
        Err(why.into())
    }

    /// False at the end of the input.
    fn serve_request(&mut self) -> Outcome<bool> {
        let mut line = Vec::new();
        let read = (&mut self.input).take(MAX_LINE as u64).read_until(b'\n', &mut line);
        match read.map_err(|e| format!("standard input: {e}"))? {
            0 => return Ok(false),
            _ if line.ends_with(b"\n") => (),
            MAX_LINE => return self.error("the line is longer than 64 KiB"),
            _ => return self.error("the input ends within a line"),
        }
        let request = match Request::parse(&line) {
            Ok(request) if request.bytes <= MAX_PAYLOAD => request,
            Ok(_) => return self.error("bytes is more than 64 MiB"),
            Err(wrong) => return self.error(wrong),
        };
        let mut payload = vec![0; request.bytes as usize];
        if self.input.read_exact(&mut payload).is_err() {
            return self.error("the input ends within a request");
        }
        match request.name {
            "hello" => self.hello(&request)?,
            _ if self.info.is_none() => return self.error("the first request must be hello"),
            "load" => self.load(&request, &payload)?,
            _ => self.run(&request, &payload)?,
        }
        Ok(true)
    }

    fn hello(&mut self, request: &Request) -> Outcome<()> {
        if request.number("protocol") != Some(1) {
            return self.error("this plugin speaks protocol 1 only");
        }
        let (name, body) = match self.info.get_or_insert_with(|| self.runtime.info()) {
            Ok(info) => ("hello", info.to_json()),
            Err(no) => ("unavailable", json!({ "why": short(&no.why), "cause": no.cause })),
        };
        self.send(name, body, None)
    }

    /// The runtime's verdict, unless the program is of a kind that it never takes.
    fn verdict(&mut self, program: &Program) -> Verdict {
        let slots = program.image.len() / 8;
        let verdict = match &self.info {
            Some(Ok(info)) if program.packet && !info.packets => {
                Verdict::Unsupported("the context packet is not supported".into())
            }
            Some(Ok(Info { max_insns: most, .. })) if slots > *most => Verdict::Unsupported(
                format!("{slots} slots are more than the {most} that are supported"),
            ),
            Some(Err(no)) => Verdict::Unable(no.why.clone(), "permission"),
            _ => self.runtime.load(program),
        };
        self.loaded = matches!(verdict, Verdict::Loaded(_)).then_some(program.packet);
        verdict
    }

    fn load(&mut self, request: &Request, image: &[u8]) -> Outcome<()> {
        if request.number("insns").is_none() {
            return self.error("load: insns is missing");
        }
        let context = request.body.get("context").and_then(Value::as_str).unwrap_or_default();
        let program = Program { image, packet: context == "packet", one_shot_memory: None };
        let verdict = if ["memory", "packet"].contains(&context) {
            self.verdict(&program)
        } else {
            self.loaded = None;
            Verdict::Unsupported("this context is unknown here".into())
        };
        match verdict {
            Verdict::Loaded(loaded) => {
                self.send("loaded", loaded.to_json(), loaded.translated.as_deref())
            }
            Verdict::Rejected(why) => self.send("rejected", json!({ "why": short(&why) }), None),
            Verdict::Unsupported(why) => {
                self.send("unsupported", json!({ "why": short(&why) }), None)
            }
            Verdict::Unable(why, cause) => {
                self.send("unable", json!({ "why": short(&why), "cause": cause }), None)
            }
        }
    }

    /// What is wrong with the numbers of a `run`, if anything is.
    fn check_run(
        &self,
        bytes: u64,
        [rows, size, threads, times]: [u64; 4],
    ) -> Option<&'static str> {
        let info = self.info.as_ref().and_then(|info| info.as_ref().ok());
        if info.is_some_and(|info| size > info.max_block as u64) {
            Some("run: size is more than max_block")
        } else if size > MAX_PAYLOAD || rows > MAX_PAYLOAD / (16 + size) {
            Some("run: the answer would be longer than 64 MiB")
        } else if bytes != rows * size {
            Some("run: bytes is not rows times size")
        } else if threads == 0 || times == 0 || info.is_some_and(|info| threads > info.threads) {
            Some("run: so many threads are not offered")
        } else if times > 1_000_000 {
            Some("run: times is more than 1000000")
        } else if threads == 1 && times > 1 {
            Some("run: times is for more than one thread")
        } else if threads > 1 && self.loaded == Some(true) {
            Some("run: threads share a block, and a packet is none")
        } else {
            None
        }
    }

    fn run(&mut self, request: &Request, blocks: &[u8]) -> Outcome<()> {
        let (Some(rows), Some(size)) = (request.number("rows"), request.number("size")) else {
            return self.error("run: rows or size is missing");
        };
        let [threads, times] = ["threads", "times"].map(|key| request.number(key).unwrap_or(1));
        if let Some(wrong) = self.check_run(request.bytes, [rows, size, threads, times]) {
            return self.error(wrong);
        }
        if self.loaded.is_none() {
            return self.send("not_loaded", json!({}), None);
        }
        let size = size as usize;
        let mut payload = Vec::with_capacity(rows as usize * (16 + size));
        let (mut faults, mut room) = (Vec::new(), MAX_LINE / 2);
        for row in 0..rows as usize {
            let block = &blocks[row * size..(row + 1) * size];
            if let Err(why) = self.run_row(block, threads, times, &mut payload) {
                let fault = json!({ "row": row, "why": short(&why) });
                room = room.saturating_sub(fault.to_string().len() + 2);
                if room > 0 {
                    faults.push(fault);
                }
            }
        }
        let mut body = json!({ "rows": rows });
        if !faults.is_empty() {
            body["faults"] = faults.into();
        }
        self.send("ran", body, Some(&payload))
    }

    /// Runs one row and appends its answer.
    fn run_row(&mut self, row: &[u8], threads: u64, times: u64, out: &mut Vec<u8>) -> Outcome<u64> {
        let block = self.block.fill(row);
        let result = match threads {
            1 => self.runtime.run(block),
            _ => self.runtime.run_many(block, threads, times),
        };
        let (status, r0) = (u32::from(result.is_err()), *result.as_ref().unwrap_or(&0));
        let big_endian = matches!(&self.info, Some(Ok(info)) if info.big_endian);
        out.extend(if big_endian { status.to_be_bytes() } else { status.to_le_bytes() });
        out.extend([0; 4]);
        out.extend(if big_endian { r0.to_be_bytes() } else { r0.to_le_bytes() });
        out.extend_from_slice(if self.loaded == Some(true) { row } else { block });
        result
    }

    /// The one-shot contract.
    fn one_shot(&mut self, program: &str, memory: Option<&str>) -> Outcome<()> {
        let image = unhex(program).ok_or("the program is not written in hex")?;
        let memory = unhex(memory.unwrap_or_default()).ok_or("the memory is not written in hex")?;
        self.info = Some(self.runtime.info());
        if let Some(Err(no)) = &self.info {
            return Err(format!("unavailable: {}", no.why));
        }
        let one_shot_memory = Some(memory.len());
        match self.verdict(&Program { image: &image, packet: false, one_shot_memory }) {
            Verdict::Loaded(_) => (),
            Verdict::Rejected(why) => return Err(format!("rejected: {why}")),
            Verdict::Unsupported(why) => return Err(format!("unsupported: {why}")),
            Verdict::Unable(why, _) => return Err(format!("unable: {why}")),
        }
        let r0 =
            self.run_row(&memory, 1, 1, &mut Vec::new()).map_err(|why| format!("fault: {why}"))?;
        writeln!(self.output, "{r0:x}").map_err(|e| format!("standard output: {e}"))
    }
}

impl Info {
    fn to_json(&self) -> Value {
        let mut hello = json!({
            "protocol": 1,
            "name": self.name,
            "version": self.version,
            "engine": self.engine,
            "byte_order": if self.big_endian { "big" } else { "little" },
            "r0_bits": self.r0_bits,
            "max_insns": self.max_insns,
            "max_block": self.max_block,
            "contexts": if self.packets { vec!["memory", "packet"] } else { vec!["memory"] },
            "groups": self.groups,
            "excluded": self.excluded,
            "helpers": self.helpers.iter().copied().collect::<BTreeMap<_, _>>(),
            "threads": self.threads,
            "stores_pointers": self.stores_pointers,
            "environment": self.facts.iter().cloned().collect::<BTreeMap<_, _>>(),
        });
        if !self.extensions.is_empty() {
            hello["extensions"] = json!(self.extensions);
        }
        hello
    }
}

impl Loaded {
    fn to_json(&self) -> Value {
        let mut body = Map::new();
        let mut log = self.log.len().saturating_sub(MAX_LOG);
        while !self.log.is_char_boundary(log) {
            log += 1;
        }
        let mut put =
            |key: &str, value: Value, known: bool| known.then(|| body.insert(key.into(), value));
        put("engine", self.engine.into(), self.engine.is_some());
        put("machine_code_bytes", self.machine_code_bytes.into(), self.machine_code_bytes > 0);
        let slots = self.translated.as_ref().map(|image| image.len() / 8);
        put("translated", slots.into(), slots.is_some());
        put("log", self.log[log..].into(), !self.log.is_empty());
        Value::Object(body)
    }
}

/// Bytes as hex, with any white space between them or none. A digit that stands alone is a byte.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for word in text.split_ascii_whitespace() {
        if !word.bytes().all(|digit| digit.is_ascii_hexdigit())
            || word.len() > 1 && word.len() % 2 == 1
        {
            return None;
        }
        let pairs = (0..word.len()).step_by(2);
        bytes.extend(
            pairs.map_while(|at| u8::from_str_radix(&word[at..(at + 2).min(word.len())], 16).ok()),
        );
    }
    Some(bytes)
}

#[derive(Default)]
struct Arguments {
    memory: Option<String>,
    program: Option<String>,
}

impl Arguments {
    /// The memory comes first if there is any; other suites split options by spaces, so empty ones
    /// occur.
    fn read(runtime: &mut impl Runtime) -> Outcome<Arguments> {
        let mut found = Arguments::default();
        let mut rest = std::env::args().skip(1);
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "" | "--debug" => (),
                "--program" => {
                    found.program = Some(rest.next().ok_or("--program: HEX is missing")?)
                }
                "--elf" => return Err("--elf: ELF files are not supported, only hex bytes".into()),
                "--help" => {
                    println!("{USAGE}{}", runtime.usage());
                    std::process::exit(0);
                }
                option if option.starts_with('-') => {
                    let set = runtime.set_option(option, &mut rest);
                    set.map_err(|why| format!("{option}: {why}"))?;
                }
                _ if found.memory.is_some() => {
                    return Err(format!("{argument}: unexpected argument"))
                }
                _ => found.memory = Some(argument),
            }
        }
        Ok(found)
    }
}

const USAGE: &str = "usage: plugin [hex bytes of memory] [options]
Serves bpf-assay if standard input begins with '{'. Otherwise it is a program as hex
bytes, which is run once; R0 is printed as hex.

  --program HEX         the program, instead of standard input
  --debug               accepted for other suites' sake, without effect
";
