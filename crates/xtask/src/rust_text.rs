//! Rust text taken apart far enough for the rules: code without comments and without what stands in literals, and the
//! string literals on their own. A rule that looked at the raw text would trip over its own documentation.

/// One Rust file, taken apart.
pub(crate) struct RustText {
    /// The text with comments and the insides of literals blanked; every character keeps its line.
    pub(crate) code: String,
    /// String literals with the line they start on, without quotes, escapes left as written.
    pub(crate) literals: Vec<(usize, String)>,
}

impl RustText {
    /// Takes `text` apart. Text that is no valid Rust gives something, never a panic.
    pub(crate) fn parse(text: &str) -> Self {
        let mut reader = Reader {
            rest: text.chars().collect(),
            at: 0,
            line: 1,
            code: String::with_capacity(text.len()),
            literals: Vec::new(),
        };
        reader.run();
        Self { code: reader.code, literals: reader.literals }
    }

    /// Lines on which `word` stands as a whole word of code.
    pub(crate) fn lines_with_word(&self, word: &str) -> Vec<usize> {
        self.code.lines().enumerate().filter(|(_, line)| has_word(line, word)).map(|(index, _)| index + 1).collect()
    }

    /// The inline modules that only a test build has (`#[cfg(test)] mod tests {`), as first and last line.
    pub(crate) fn inline_test_modules(&self) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut pending = false;
        let mut open: Option<(usize, i64)> = None;
        for (index, line) in self.code.lines().enumerate() {
            let trimmed = line.trim_start();
            let opens = count(line, '{');
            let closes = count(line, '}');
            match open {
                None => {
                    if trimmed.starts_with("#[cfg(test)]") {
                        pending = true;
                    }
                    let is_module = has_word(line, "mod") && opens > 0;
                    if is_module && (pending || has_word(line, "tests")) {
                        if opens > closes {
                            open = Some((index + 1, opens - closes));
                        }
                        pending = false;
                    } else if !trimmed.is_empty() && !trimmed.starts_with("#[") {
                        pending = false;
                    }
                }
                Some((first, depth)) => {
                    let depth = depth + opens - closes;
                    if depth <= 0 {
                        found.push((first, index + 1));
                        open = None;
                    } else {
                        open = Some((first, depth));
                    }
                }
            }
        }
        if let Some((first, _)) = open {
            found.push((first, self.code.lines().count()));
        }
        found
    }
}

/// Whether `word` stands in `line` with no letter, digit or underscore beside it.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    has_word_of(line, word, |c| c.is_alphanumeric() || c == '_')
}

/// Whether `word` stands in `line` with no character beside it that `part` counts to words.
pub(crate) fn has_word_of(line: &str, word: &str, part: impl Fn(char) -> bool) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        let after = line.get(start + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(&part) && !after.is_some_and(&part)
    })
}

fn count(line: &str, wanted: char) -> i64 {
    i64::try_from(line.chars().filter(|c| *c == wanted).count()).unwrap_or(i64::MAX)
}

struct Reader {
    rest: Vec<char>,
    at: usize,
    line: usize,
    code: String,
    literals: Vec<(usize, String)>,
}

impl Reader {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.get(self.at + ahead).copied()
    }

    /// Takes one character and leaves it in the code.
    fn keep(&mut self) {
        if let Some(c) = self.peek(0) {
            self.code.push(c);
            self.step(c);
        }
    }

    /// Takes one character and leaves a blank in the code.
    fn blank(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.code.push(if c == '\n' { '\n' } else { ' ' });
        self.step(c);
        Some(c)
    }

    fn step(&mut self, c: char) {
        self.at += 1;
        if c == '\n' {
            self.line += 1;
        }
    }

    fn run(&mut self) {
        while let Some(c) = self.peek(0) {
            match (c, self.peek(1)) {
                ('/', Some('/')) => {
                    while self.peek(0).is_some_and(|c| c != '\n') {
                        self.blank();
                    }
                }
                ('/', Some('*')) => self.block_comment(),
                ('"', _) => self.string(),
                ('r', Some('"' | '#')) if !self.after_word() && self.raw_hashes().is_some() => {
                    self.raw_string();
                }
                ('\'', _) => self.quote(),
                // `br"` and `cr"`: the prefix is kept, the rest is seen as raw in the next round.
                ('b' | 'c', Some('r')) if !self.after_word() && matches!(self.peek(2), Some('"' | '#')) => {
                    self.blank();
                }
                _ => self.keep(),
            }
        }
    }

    /// Whether the character before this one belongs to a word, so that an `r` here is the end of a name.
    fn after_word(&self) -> bool {
        self.code.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => {
                    depth += 1;
                    self.blank();
                    self.blank();
                }
                (Some('*'), Some('/')) => {
                    depth -= 1;
                    self.blank();
                    self.blank();
                    if depth == 0 {
                        return;
                    }
                }
                (None, _) => return,
                _ => {
                    self.blank();
                }
            }
        }
    }

    fn string(&mut self) {
        let start = self.line;
        let mut text = String::new();
        self.keep();
        while let Some(c) = self.peek(0) {
            match c {
                '"' => {
                    self.keep();
                    break;
                }
                '\\' => {
                    self.blank();
                    text.push('\\');
                    text.extend(self.blank());
                }
                _ => text.extend(self.blank()),
            }
        }
        self.literals.push((start, text));
    }

    /// The number of `#` of a raw string that starts here, or nothing if none does (`r#name` is an identifier).
    fn raw_hashes(&self) -> Option<usize> {
        let mut hashes = 0;
        while self.peek(1 + hashes) == Some('#') {
            hashes += 1;
        }
        (self.peek(1 + hashes) == Some('"')).then_some(hashes)
    }

    fn raw_string(&mut self) {
        let Some(hashes) = self.raw_hashes() else {
            return self.keep();
        };
        let start = self.line;
        let mut text = String::new();
        for _ in 0..hashes + 2 {
            self.blank();
        }
        while let Some(c) = self.peek(0) {
            if c == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                for _ in 0..=hashes {
                    self.blank();
                }
                break;
            }
            text.extend(self.blank());
        }
        self.literals.push((start, text));
    }

    /// A character literal is blanked, a lifetime is kept.
    fn quote(&mut self) {
        let is_character = match self.peek(1) {
            Some('\\') => true,
            Some(_) => self.peek(2) == Some('\''),
            None => false,
        };
        self.keep();
        if !is_character {
            return;
        }
        if self.peek(0) == Some('\\') {
            self.blank();
        }
        self.blank();
        while self.peek(0).is_some_and(|c| c != '\'' && c != '\n') {
            self.blank();
        }
        self.keep();
    }
}
