use super::*;

/// A source made of memory, given a few bytes at a time.
struct Memory<'b> {
    parts: Vec<&'b [u8]>,
    left: &'b [u8],
    step: usize,
}

impl<'b> Memory<'b> {
    fn new(parts: Vec<&'b [u8]>, step: usize) -> Self {
        Self { parts, left: &[], step }
    }
}

impl Source for Memory<'_> {
    fn open(&mut self, part: usize) -> io::Result<()> {
        self.left = self.parts[part];
        Ok(())
    }
}

impl Read for Memory<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.left.len().min(buffer.len()).min(self.step);
        buffer[..count].copy_from_slice(&self.left[..count]);
        self.left = &self.left[count..];
        Ok(count)
    }
}

fn pieces(mut splitter: Splitter<impl Source>) -> Vec<Piece> {
    std::iter::from_fn(|| splitter.next(Vec::new()).expect("within the limits")).collect()
}

/// Starts of requests over the whole part, and their lines.
fn requests(pieces: &[Piece]) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    for piece in pieces {
        for (at, &start) in piece.starts.iter().enumerate() {
            let end = piece.starts.get(at + 1).copied().unwrap_or(piece.bytes.len());
            let text = String::from_utf8_lossy(&piece.bytes[start..end]).into_owned();
            found.push((text, piece.line + lines(&piece.bytes[..start])));
        }
    }
    found
}

#[test]
fn pieces_are_the_file_again() {
    let mut text = String::from("<?xml version=\"1.0\"?>\n<ficAlimMENESR>\n");
    for n in 0..20_000 {
        text.push_str(&format!("<addRequest><identifier><id>{n}</id></identifier></addRequest>\n"));
    }
    text.push_str("</ficAlimMENESR>\n");
    for step in [997, usize::MAX] {
        let pieces = pieces(Splitter::new(Memory::new(vec![text.as_bytes()], step), vec![0], Limits::default()));
        assert!(pieces.len() > 5);
        let joined: Vec<u8> = pieces.iter().flat_map(|p| p.bytes.clone()).collect();
        assert!(joined == text.as_bytes());
        let requests = requests(&pieces);
        assert_eq!(requests.len(), 20_000);
        assert!(
            requests
                .iter()
                .enumerate()
                .all(|(n, (text, line))| { text.contains(&format!("<id>{n}</id>")) && *line as usize == n + 3 })
        );
        let end = pieces.last().and_then(|p| p.end.as_ref()).expect("an end");
        assert_eq!(end.digest, <[u8; 32]>::from(Sha256::digest(text.as_bytes())));
        assert!(pieces.iter().filter(|p| p.end.is_some()).count() == 1 && pieces[0].first);
    }
}

#[test]
fn a_request_beyond_the_limit_is_skipped() {
    let limits = Limits { record: 200_000, ..Limits::default() };
    let large = format!("<addRequest>{}</addRequest>\n", "x\n".repeat(500_000));
    let text = format!("<a>\n<addRequest>1</addRequest>\n{large}<addRequest>2</addRequest>\n</a>");
    let pieces = pieces(Splitter::new(Memory::new(vec![text.as_bytes()], usize::MAX), vec![0], limits));
    let requests = requests(&pieces);
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].1, 500_004);
    let events: Vec<&Event> = pieces.iter().flat_map(|p| &p.events).collect();
    assert_eq!(events, [&Event::TooLarge { line: 3 }]);
}

/// Bytes without end, never stored.
struct Endless {
    left: u64,
    head: &'static [u8],
}

impl Source for Endless {
    fn open(&mut self, _part: usize) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let head = self.head.len().min(buffer.len());
        buffer[..head].copy_from_slice(&self.head[..head]);
        self.head = &self.head[head..];
        let count = usize::try_from(self.left).expect("64 bits").min(buffer.len() - head);
        buffer[head..head + count].fill(b'a');
        self.left -= count as u64;
        Ok(head + count)
    }
}

#[test]
fn three_gigabytes_in_one_value_stay_in_bounded_memory() {
    let source = Endless { left: 3 << 30, head: b"<ficAlimMENESR><addRequest><identifier><id>" };
    let mut splitter = Splitter::new(source, vec![0], Limits::default());
    let (mut largest, mut events, mut ends) = (0, 0, 0);
    while let Some(piece) = splitter.next(Vec::new()).expect("below the limit of the delivery") {
        largest = largest.max(piece.bytes.capacity());
        events += piece.events.len();
        ends += usize::from(piece.end.is_some_and(|end| !end.complete));
        largest = largest.max(splitter.current.as_ref().map_or(0, |c| c.buffer.capacity()));
    }
    assert_eq!((events, ends), (1, 1));
    assert!(largest <= 16 << 20, "{largest} bytes kept");
}

#[test]
fn an_endless_delivery_is_stopped() {
    let source = Endless { left: 1 << 30, head: b"<a>" };
    let mut splitter = Splitter::new(source, vec![0], Limits { unpacked: 1 << 20, ..Limits::default() });
    let stopped = loop {
        match splitter.next(Vec::new()) {
            Ok(Some(_)) => {}
            Ok(None) => break false,
            Err(TooMuch) => break true,
        }
    };
    assert!(stopped);
}
