//! Matching in time that grows with the path alone: all places where a match could be are followed at once.

use super::parse::Token;

/// A step of an automaton. The one behind the last is the end.
#[derive(Debug, Clone)]
enum Step {
    Byte(u8),
    NotSlash,
    Any,
    Class(Box<[bool; 256]>),
    /// Goes on both with the next step and with this one.
    Split(usize),
    Jump(usize),
}

/// A compiled glob.
#[derive(Debug, Clone, Default)]
pub(super) struct Automaton(Vec<Step>);

/// The steps at which a match stands.
struct Places {
    list: Vec<usize>,
    is_in: Vec<bool>,
}

impl Automaton {
    pub(super) fn of(tokens: &[Token]) -> Self {
        let mut automaton = Self::default();
        match tokens {
            [Token::RecursivePrefix] => automaton.repeat(Step::Any),
            _ => automaton.sequence(tokens),
        }
        automaton
    }

    pub(super) fn accepts(&self, path: &[u8]) -> bool {
        let mut here = Places::new(self.0.len());
        let mut next = Places::new(self.0.len());
        here.add(&self.0, 0);
        for byte in path {
            next.clear();
            for place in &here.list {
                if self.0.get(*place).is_some_and(|step| step.takes(*byte)) {
                    next.add(&self.0, place + 1);
                }
            }
            std::mem::swap(&mut here, &mut next);
            if here.list.is_empty() {
                return false;
            }
        }
        here.is_in[self.0.len()]
    }

    fn sequence(&mut self, tokens: &[Token]) {
        for token in tokens {
            self.token(token);
        }
    }

    fn token(&mut self, token: &Token) {
        match token {
            Token::Literal(character) => self.0.extend(character.encode_utf8(&mut [0; 4]).bytes().map(Step::Byte)),
            Token::Any => self.0.push(Step::NotSlash),
            Token::ZeroOrMore => self.repeat(Step::NotSlash),
            Token::RecursivePrefix => self.perhaps_folders(),
            Token::RecursiveSuffix => {
                self.slash();
                self.repeat(Step::Any);
            }
            Token::RecursiveZeroOrMore => {
                self.slash();
                self.perhaps_folders();
            }
            Token::Class { is_negated, ranges } => self.0.push(Step::Class(class(*is_negated, ranges))),
            Token::Alternates(alternates) => self.alternates(alternates),
        }
    }

    fn slash(&mut self) {
        self.0.push(Step::Byte(b'/'));
    }

    /// Nothing, or anything that ends with a slash.
    fn perhaps_folders(&mut self) {
        let split = self.0.len();
        self.0.push(Step::Split(split));
        self.repeat(Step::Any);
        self.slash();
        self.0[split] = Step::Split(self.0.len());
    }

    /// Any number of a step.
    fn repeat(&mut self, step: Step) {
        let start = self.0.len();
        self.0.extend([Step::Split(start + 3), step, Step::Jump(start)]);
    }

    /// One of several. Empty ones do not count.
    fn alternates(&mut self, alternates: &[Vec<Token>]) {
        let compiled = alternates.iter().map(|alternate| {
            let mut automaton = Self::default();
            automaton.sequence(alternate);
            automaton
        });
        let compiled: Vec<Self> = compiled.filter(|automaton| !automaton.0.is_empty()).collect();
        let Some((last, others)) = compiled.split_last() else { return };
        let mut jumps = Vec::new();
        for other in others {
            let split = self.0.len();
            self.0.push(Step::Split(split));
            self.append(other);
            jumps.push(self.0.len());
            self.0.push(Step::Jump(split));
            self.0[split] = Step::Split(self.0.len());
        }
        self.append(last);
        for jump in jumps {
            self.0[jump] = Step::Jump(self.0.len());
        }
    }

    /// Takes the steps of another automaton behind its own.
    fn append(&mut self, other: &Self) {
        let offset = self.0.len();
        self.0.extend(other.0.iter().cloned().map(|step| match step {
            Step::Split(place) => Step::Split(place + offset),
            Step::Jump(place) => Step::Jump(place + offset),
            step => step,
        }));
    }
}

impl Step {
    fn takes(&self, byte: u8) -> bool {
        match self {
            Self::Byte(expected) => *expected == byte,
            Self::NotSlash => byte != b'/',
            Self::Any => true,
            Self::Class(bytes) => bytes[usize::from(byte)],
            Self::Split(_) | Self::Jump(_) => false,
        }
    }
}

impl Places {
    fn new(end: usize) -> Self {
        Self { list: Vec::new(), is_in: vec![false; end + 1] }
    }

    fn clear(&mut self) {
        for place in self.list.drain(..) {
            self.is_in[place] = false;
        }
    }

    /// Adds a place, and all that are reached from it without a byte.
    fn add(&mut self, steps: &[Step], place: usize) {
        let mut pending = vec![place];
        while let Some(place) = pending.pop() {
            if std::mem::replace(&mut self.is_in[place], true) {
                continue;
            }
            self.list.push(place);
            match steps.get(place) {
                Some(Step::Split(other)) => pending.extend([place + 1, *other]),
                Some(Step::Jump(other)) => pending.push(*other),
                _ => {}
            }
        }
    }
}

/// The bytes of a class. One of several bytes counts as each of them, as in a class of bytes.
fn class(is_negated: bool, ranges: &[(char, char)]) -> Box<[bool; 256]> {
    let mut bytes = Box::new([is_negated; 256]);
    let mut add = |first: u8, last: u8| (first..=last).for_each(|byte| bytes[usize::from(byte)] = !is_negated);
    for (first, last) in ranges {
        let (first, last) = (String::from(*first).into_bytes(), String::from(*last).into_bytes());
        if first == last {
            first.iter().for_each(|byte| add(*byte, *byte));
        } else if let ([before @ .., from], [to, after @ ..]) = (&first[..], &last[..]) {
            before.iter().chain(after).for_each(|byte| add(*byte, *byte));
            add(*from, *to);
        }
    }
    bytes
}
