package commit

import "time"

const (
	busyBatch = 64                     // commands in a batch of a busy leader
	maxPause  = 5 * time.Millisecond   // that a busy leader waits for a batch to fill
	cameAgain = 400 * time.Microsecond // in which those who got a result propose again, if at once

	// Between the batches of a steady stream pass minSpacing to maxSpacing. Half of that and
	// a commit are typicalWait, if they can be: for so long half of the commands wait at most.
	minSpacing  = 2 * time.Millisecond
	maxSpacing  = 4 * time.Millisecond
	typicalWait = 2500 * time.Microsecond
	tookWeight  = 8 // batches, of which how long they took is a mean
)

// batchPolicy decides when a batch may go. A batch costs the same for one command and for a
// thousand: a write and a sync on each node's disk, a message to each follower and back,
// and every goroutine on the way is woken.
//
// An idle leader proposes a lone command at once. Where commands come in a steady stream,
// the next batch goes a while after the last one, so that some hundred batches a second
// take them all, however many they may be. A busy leader gains by waiting for another
// reason: those who just got a result are about to propose again. It never waits longer
// than the last commit took.
type batchPolicy struct {
	inFlight []int     // sizes of the batches in flight, oldest first
	lastGo   time.Time // when the newest batch was proposed
	lastSize int       // of the batch that ended last
	lastEnd  time.Time
	lastTook time.Duration
	took     time.Duration // the mean of late
	stream   streamGauge
}

// next returns how many commands the next batch must have to go at now, and after how
// long to ask again; 0: when the batch in flight ends. So many commands wait.
func (p *batchPolicy) next(now time.Time, waiting int) (n int, wait time.Duration) {
	n, wait = p.nextOfBusy(now)
	spacing := p.spacing()
	rest := spacing - now.Sub(p.lastGo)
	if n >= busyBatch || rest <= 0 || !p.stream.waits() {
		return n, wait
	}
	if p.stream.isToBeSeen() {
		if calm := max(rest-spacing/2, cameAgain-now.Sub(p.lastEnd)); calm > 0 && calm < rest {
			return busyBatch, calm
		}
		if len(p.inFlight) == 0 {
			p.stream.look(now, waiting)
		}
	}
	return busyBatch, rest
}

// spacing is how long after a batch the next one of a stream goes.
func (p *batchPolicy) spacing() time.Duration {
	return min(max(2*(typicalWait-p.took), minSpacing), maxSpacing)
}

// nextOfBusy is next without regard to streams.
func (p *batchPolicy) nextOfBusy(now time.Time) (n int, wait time.Duration) {
	if k := len(p.inFlight); k > 0 {
		return min(p.inFlight[k-1]*3/2, maxBatchItems), 0
	}
	wait = min(p.lastTook, maxPause) - now.Sub(p.lastEnd)
	if p.lastSize < busyBatch || wait <= 0 {
		return 0, 0
	}
	return min(p.lastSize*4/3, maxBatchItems), wait
}

// proposed notes that a batch of n commands is in flight since now.
func (p *batchPolicy) proposed(n int, now time.Time) {
	p.stream.proposed(n, now, now.Sub(p.lastGo) < p.spacing())
	p.inFlight, p.lastGo = append(p.inFlight, n), now
}

// ended notes that the oldest batch in flight, proposed at a time, ended at now.
func (p *batchPolicy) ended(proposed, now time.Time) {
	p.lastSize, p.lastEnd, p.lastTook = p.inFlight[0], now, now.Sub(proposed)
	p.took += (p.lastTook - p.took) / tookWeight
	p.inFlight = append(p.inFlight[:0], p.inFlight[1:]...)
}

// streamGauge tells whether it pays to wait for a spacing to end. It counts what comes late in
// one: a stream goes on then, while those who only waited for their results have come again
// by that time. Who proposes one command after the other gains nothing by it, and is made
// to wait for a trial only.
type streamGauge struct {
	gain   float64   // commands in a gaugeSpan, a moving mean
	since  time.Time // when the look was taken; zero: none was, since the last batch
	before int       // commands that waited then
	trial  bool      // this spacing is waited for to see what it gains
	close  int       // batches since the last trial that followed the one before at once
	every  int       // so many of them are between two trials
	unseen int       // spacings since the last look
}

const (
	gaugeSpan    = 1500 * time.Microsecond
	worthWaiting = 0.4 // commands in a gaugeSpan
	worthStaying = 0.2 // the same, while it is waited
	gainWeight   = 1.0 / 4
	seenEvery    = 4   // spacings of a stream: each look wakes the batcher once more
	fewTrials    = 256 // batches between two, after one that gained nothing
	manyTrials   = 16
)

func (g *streamGauge) waits() bool { return g.trial || g.gain >= worthStaying }

// isToBeSeen reports whether this spacing is to be looked into.
func (g *streamGauge) isToBeSeen() bool {
	return g.since.IsZero() && (g.trial || g.gain < 4*worthWaiting || g.unseen >= seenEvery)
}

// look notes how many commands wait when everybody who waited for a result has come again.
func (g *streamGauge) look(now time.Time, waiting int) {
	g.since, g.before, g.unseen = now, waiting, 0
}

// proposed ends a spacing with a batch of n; isClose says that it follows the last one at
// once.
func (g *streamGauge) proposed(n int, now time.Time, isClose bool) {
	if span := now.Sub(g.since); !g.since.IsZero() && span > 0 {
		g.note(float64(n-g.before)*float64(gaugeSpan)/float64(max(span, gaugeSpan/4)), min(1, float64(span)/float64(gaugeSpan)))
	}
	g.since, g.trial = time.Time{}, false
	g.unseen++
	if g.gain < worthStaying && isClose {
		g.close++
		g.trial = g.close >= max(g.every, manyTrials)
	}
}

// note notes what would come in a gaugeSpan, if a part of that was seen.
func (g *streamGauge) note(gain, part float64) {
	if !g.trial {
		g.gain += gainWeight * part * (gain - g.gain)
		return
	}
	g.close = 0
	if gain >= worthWaiting {
		g.gain, g.every = gain, manyTrials
	} else {
		g.gain, g.every = 0, min(2*max(g.every, manyTrials), fewTrials)
	}
}
