//! Runs the steps of a recipe: each as soon as what it needs is there, as many at a time as there are cores.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diagnostics::hexadecimal;
use process::{EngineError, Event, Interrupt, Reporter, StepState};
use recipe::{Step, StepId};
use sha2::{Digest, Sha256};

use crate::job::{EmbeddedJob, Gates, Reuse};
use crate::record::{Basis, reasons};
use crate::run::{HandedIn, Runner, write_programs};
use crate::{steps, work_tree};

/// Grows when equal recipes give other work trees than before.
const LAYOUT: u32 = 1;
/// How often an interrupt is looked for while steps run.
const INTERRUPT_POLL: Duration = Duration::from_millis(50);

/// What a worker says.
enum Message {
    Event(Event),
    Ended { step: StepId, result: Result<(), EngineError> },
}

/// A build under way. Dropping it stops what still runs.
pub struct Build {
    job: Arc<EmbeddedJob>,
    waiting: Vec<Step>,
    running: BTreeSet<StepId>,
    done: BTreeSet<StepId>,
    keys: BTreeMap<StepId, String>,
    explained: BTreeMap<String, Vec<String>>,
    workers: Vec<JoinHandle<()>>,
    stop: Interrupt,
    sender: Sender<Message>,
    receiver: Receiver<Message>,
}

impl Build {
    /// Prepares the build; nothing runs before [`Build::wait_for`].
    ///
    /// # Errors
    /// The state folder cannot be written to.
    pub fn new(job: EmbeddedJob) -> Result<Self, EngineError> {
        for folder in [&job.logs, &job.caches, &job.state] {
            std::fs::create_dir_all(folder).map_err(EngineError::io(format!("creating {}", folder.display())))?;
        }
        write_programs(&job)?;
        // Root file systems are there, and assembling is for whoever knows images.
        let is_ours = |step: &&Step| step.has_work_tree() && (!step.gate || job.gates == Gates::Closed);
        let mut waiting: Vec<_> = job.recipe.steps.iter().filter(is_ours).cloned().collect();
        // A gate takes a core from what the image waits for, so it comes after.
        waiting.sort_by_key(|step| step.gate);
        let keys = keys(&job);
        let (sender, receiver) = channel();
        Ok(Self {
            job: Arc::new(job),
            waiting,
            running: BTreeSet::new(),
            done: BTreeSet::new(),
            keys,
            explained: BTreeMap::new(),
            workers: Vec::new(),
            stop: Interrupt::default(),
            sender,
            receiver,
        })
    }

    /// Runs steps until this one is done; others go on meanwhile.
    ///
    /// # Errors
    /// A step failed, or the build was interrupted; nothing runs any more then.
    pub fn wait_for(
        &mut self,
        step: &StepId,
        interrupt: &Interrupt,
        reporter: &dyn Reporter,
    ) -> Result<(), EngineError> {
        self.pump(|build| build.done.contains(step), interrupt, reporter)
    }

    /// Runs all steps to their ends.
    ///
    /// # Errors
    /// As [`Build::wait_for`].
    pub fn finish(&mut self, interrupt: &Interrupt, reporter: &dyn Reporter) -> Result<(), EngineError> {
        self.pump(|build| build.waiting.is_empty() && build.running.is_empty(), interrupt, reporter)
    }

    /// The key of a step: equal keys, equal results.
    pub fn key(&self, step: &StepId) -> &str {
        self.keys.get(step).map_or("", String::as_str)
    }

    /// Why each step ran that did.
    pub fn explained(&self) -> &BTreeMap<String, Vec<String>> {
        &self.explained
    }

    /// The folder a step left its output in.
    pub fn tree(&self, step: &StepId) -> std::path::PathBuf {
        self.job.tree(step)
    }

    /// The folder with the production workspace, as `bundle.tar.gz` holds it.
    pub fn dist_workspace(&self) -> std::path::PathBuf {
        self.job.unpacked()
    }

    fn pump(
        &mut self,
        is_enough: impl Fn(&Self) -> bool,
        interrupt: &Interrupt,
        reporter: &dyn Reporter,
    ) -> Result<(), EngineError> {
        loop {
            self.start_ready(reporter)?;
            if is_enough(self) {
                return Ok(());
            }
            match self.receiver.recv_timeout(INTERRUPT_POLL) {
                Ok(Message::Event(event)) => reporter.report(&event),
                Ok(Message::Ended { step, result: Ok(()) }) => {
                    self.running.remove(&step);
                    self.done.insert(step);
                }
                Ok(Message::Ended { result: Err(error), .. }) => {
                    self.end();
                    return Err(error);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            if interrupt.is_set() {
                self.end();
                return Err(EngineError::Interrupted);
            }
        }
    }

    fn start_ready(&mut self, reporter: &dyn Reporter) -> Result<(), EngineError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        while self.running.len() < cores {
            let is_done = |need: &StepId| self.done.contains(need) || self.job.is_given(need);
            let is_ready = |step: &Step| step.needs.iter().all(is_done);
            let Some(index) = self.waiting.iter().position(is_ready) else { break };
            let step = self.waiting.remove(index);
            if self.is_current(&step) {
                let event = Event::StepFinished { step: step.id.to_string(), state: StepState::Cached, seconds: 0.0 };
                reporter.report(&event);
                self.done.insert(step.id);
            } else {
                self.start(step, reporter)?;
            }
        }
        Ok(())
    }

    fn is_current(&self, step: &Step) -> bool {
        let outputs = if step.archive.is_some() {
            self.job.unpacked().join("package.json").is_file()
        } else {
            let tree = self.job.tree(&step.id);
            step.outputs.iter().all(|output| tree.join(output).exists())
        };
        let recorded = self.job.records().is_current(&step.id.to_string(), self.key(&step.id));
        recorded && outputs && self.job.reuse == Reuse::Unchanged
    }

    fn start(&mut self, step: Step, reporter: &dyn Reporter) -> Result<(), EngineError> {
        let (job, sender, stop) = (Arc::clone(&self.job), self.sender.clone(), self.stop.clone());
        let name = step.id.to_string();
        let basis = basis(&job, &step, &self.keys);
        let files = work_tree::files(&job, &step);
        let last = job.records().last(&name);
        let why = if job.reuse == Reuse::Nothing {
            vec!["--no-cache".to_owned()]
        } else {
            reasons(last.as_ref(), &basis, &files)
        };
        self.explained.insert(name.clone(), why);
        let mut record = last.unwrap_or_default();
        record.basis = basis;
        let key = self.key(&step.id).to_owned();
        reporter.report(&Event::StepStarted { step: name.clone() });
        self.running.insert(step.id.clone());
        let work = move || {
            let start = Instant::now();
            let lines = sender.clone();
            let on_line = |line: &str| {
                let _ = lines.send(Message::Event(Event::StepOutput { step: name.clone(), line: line.to_owned() }));
            };
            let runner =
                Runner { job: &job, step: &step, stop: &stop, on_line: &on_line, handed_in: HandedIn::Mounted };
            let records = job.records();
            let result = steps::run_recorded(&runner, &records, &files, &mut record, &key);
            let state = if result.is_ok() { StepState::Ran } else { StepState::Failed };
            let seconds = start.elapsed().as_secs_f64();
            let _ = sender.send(Message::Event(Event::StepFinished { step: name.clone(), state, seconds }));
            let _ = sender.send(Message::Ended { step: step.id.clone(), result });
        };
        let worker = std::thread::Builder::new().spawn(work);
        self.workers.push(worker.map_err(EngineError::io("starting a thread"))?);
        Ok(())
    }

    /// Stops what runs and waits for it.
    fn end(&mut self) {
        self.stop.0.store(true, std::sync::atomic::Ordering::Relaxed);
        self.waiting.clear();
        self.running.clear();
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        self.end();
    }
}

/// Every step's key: its fingerprint and the builder it runs over, with the pip that has a name of its own.
fn keys(job: &EmbeddedJob) -> BTreeMap<StepId, String> {
    let key = |step: &Step| {
        let pip = job.pip_of(step).map_or_else(String::new, |folder| format!("\0{}", folder.display()));
        let text = format!("{LAYOUT}\0{}\0{}{pip}", step.fingerprint, job.builder.digest);
        (step.id.clone(), hexadecimal(&Sha256::digest(text)))
    };
    job.recipe.steps.iter().map(key).collect()
}

fn basis(job: &EmbeddedJob, step: &Step, keys: &BTreeMap<StepId, String>) -> Basis {
    let commands = format!("{:?} {:?} {:?} {:?}", step.actions, step.env, step.caches, step.secrets);
    let needs = step.needs.iter().filter(|need| !job.is_given(need));
    Basis {
        builder: job.builder.digest.clone(),
        commands: hexadecimal(&Sha256::digest(commands)),
        needs: needs.map(|need| (need.to_string(), keys.get(need).cloned().unwrap_or_default())).collect(),
    }
}
