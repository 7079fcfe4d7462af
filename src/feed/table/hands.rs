//! The hands that read a part: one alone, or several that each take the next piece when they have done with one.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use super::collect::{Collector, TooMuch};
use super::cut::Cut;
use super::open::Rows;
use super::reader::{Known, Pass};
use super::row::{Page, Piece};
use super::school::News;
use super::worker::{Batch, Context, Worker};

/// Reads the rows of a part into the collector, in their order whatever the number of threads.
pub(super) fn read(
    mut rows: Rows<'_>,
    threads: usize,
    (known, context, pass): (&Known<'_>, &Context, Pass),
    collector: &mut Collector<'_>,
) -> Result<(), TooMuch> {
    let mut worker = Worker::new(known, context, pass);
    let mut cut = rows.next(Piece::default());
    // Nearly all files are one piece: no thread is worth its start.
    if threads > 1 && cut.end.is_none() {
        return together(Desk { first: Some(cut), rows, promises: None }, threads, worker, collector);
    }
    loop {
        let last = cut.end.is_some();
        let (batch, page) = work(&mut worker, cut, collector.news());
        collector.take(batch, context, pass)?;
        if last {
            return Ok(());
        }
        cut = rows.next(page.into_spare());
    }
}

fn work(worker: &mut Worker<'_>, cut: Cut, earlier: &News) -> (Batch, Page) {
    let page = cut.piece.into_page();
    let unclosed = cut.end.as_ref().is_some_and(|end| end.unclosed);
    let batch = worker.work(&page, earlier, unclosed);
    (Batch { bytes: cut.bytes, end: cut.end, ..batch }, page)
}

/// What a page gave, and the page where it may have to be read again.
type Outcome = (Batch, Option<Page>);

/// What the threads take their work from: the rows, and where to promise the outcome of each piece, in order.
struct Desk<'b> {
    first: Option<Cut>,
    rows: Rows<'b>,
    /// Gone when there is no piece left.
    promises: Option<SyncSender<Receiver<Outcome>>>,
}

impl Desk<'_> {
    /// The next piece and where its outcome goes.
    fn next(&mut self, spare: Piece) -> Option<(Cut, SyncSender<Outcome>)> {
        let promises = self.promises.as_ref()?;
        let (give, promise) = sync_channel(1);
        // Sending waits while too many outcomes are promised and not taken: memory stays bounded.
        if promises.send(promise).is_err() {
            self.promises = None;
            return None;
        }
        let cut = self.first.take().unwrap_or_else(|| self.rows.next(spare));
        if cut.end.is_some() {
            self.promises = None;
        }
        Some((cut, give))
    }
}

fn together(
    mut desk: Desk<'_>,
    threads: usize,
    mut again: Worker<'_>,
    collector: &mut Collector<'_>,
) -> Result<(), TooMuch> {
    let (promises, outcomes) = sync_channel(2 * threads);
    desk.promises = Some(promises);
    let desk = Mutex::new(desk);
    let (known, context, pass) = (again.known, again.context, again.pass);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut worker = Worker::new(known, context, pass);
                let mut spare = Piece::default();
                loop {
                    let next = desk.lock().unwrap_or_else(PoisonError::into_inner).next(std::mem::take(&mut spare));
                    let Some((cut, give)) = next else { return };
                    let (batch, page) = work(&mut worker, cut, &News::default());
                    let (kept, done) =
                        if batch.missed.is_empty() { (None, page) } else { (Some(page), Page::default()) };
                    if give.send((batch, kept)).is_err() {
                        return;
                    }
                    spare = done.into_spare();
                }
            });
        }
        // A thread that dies breaks its promise; the scope then passes its panic on.
        for promise in outcomes {
            let Ok((mut batch, page)) = promise.recv() else { break };
            // Rows of the pages before showed a class that this page looked for in vain.
            if let Some(page) = page
                && batch.missed.iter().any(|(school, label)| collector.news().class(school, label).is_some())
            {
                let unclosed = batch.end.as_ref().is_some_and(|end| end.unclosed);
                let right = again.work(&page, collector.news(), unclosed);
                batch = Batch { bytes: batch.bytes, end: batch.end, ..right };
            }
            collector.take(batch, context, pass)?;
        }
        Ok(())
    })
}
