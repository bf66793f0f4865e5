package cluster

import (
	"container/heap"
	"fmt"
	"math"
	"slices"
	"sort"

	"interplay/kernelkit/random"
	"interplay/pipeline"
)

// A forecast plays the workers of a cluster, event by event: jobs wait, start, take the stage
// with the longest way after it, save at their limit, crash and are pre-empted. It is played
// many times with other luck; medians and the ninth decile are what is told.

// Task is a stage of a forecast.
type Task struct {
	Label   string
	Seconds float64 // of one worker that runs alone
	// Save is how many of these seconds pass between two checkpoints; 0: none is written.
	Save   float64
	Inputs []int // tasks that must end before
}

// Forecast is what to expect of a cluster.
type Forecast struct {
	Tasks        int
	Work         float64 // seconds of one worker, all tasks together
	Jobs         Spread  // starts of jobs
	Seconds      Spread  // until the last task ends
	JobHours     Spread  // that are paid for
	Lost         Spread  // seconds of work that crashes and pre-emptions threw away
	Critical     []Task  // the longest chain of tasks
	CriticalTime float64 // what it takes alone, without waiting or bad luck
}

// Spread is a number under other luck: the median and the ninth decile.
type Spread struct{ Median, Ninth float64 }

// Cost is the price of job hours.
func (f *Forecast) Cost(c *Cluster) Spread {
	return Spread{f.JobHours.Median * c.Forecast.PriceAnHour, f.JobHours.Ninth * c.Forecast.PriceAnHour}
}

// Tasks are the stages of a plan that are left, at the cluster's rates; afresh, those that are
// done count too, with the time that they took. A stage whose rate nobody knows is an error.
func (c *Cluster) Tasks(p *pipeline.Plan, afresh bool) ([]Task, error) {
	var tasks []Task
	at := map[string]int{}
	for _, x := range p.Stages {
		if x.Done && !afresh {
			continue
		}
		seconds := x.Seconds
		if rate := c.Forecast.Rates[x.Stage.Kind]; rate > 0 && !x.Done {
			seconds = x.Spent.FLOPs / rate
		}
		if !(seconds > 0) {
			return nil, fmt.Errorf("no rate is known for %s stages: name one in the cluster's forecast.rates", x.Stage.Kind)
		}
		t := Task{Label: x.Stage.Label, Seconds: seconds, Save: pipeline.SecondsBetweenSaves(x.Stage, seconds)}
		for _, in := range x.Stage.Inputs {
			if i, left := at[in.Address()]; left {
				t.Inputs = append(t.Inputs, i)
			}
		}
		at[x.Stage.Address()] = len(tasks)
		tasks = append(tasks, t)
	}
	return tasks, nil
}

const plays = 100

// Play forecasts tasks on a cluster.
func (c *Cluster) Play(tasks []Task) (*Forecast, error) {
	f := &Forecast{Tasks: len(tasks)}
	var jobs, seconds, hours, lost []float64
	for i := range plays {
		g := newGame(c, tasks, int64(i))
		if err := g.play(); err != nil {
			return nil, err
		}
		jobs, seconds = append(jobs, float64(g.jobs)), append(seconds, g.now)
		hours, lost = append(hours, g.paid/3600), append(lost, g.lost)
	}
	f.Jobs, f.Seconds, f.JobHours, f.Lost = spread(jobs), spread(seconds), spread(hours), spread(lost)
	for _, t := range tasks {
		f.Work += t.Seconds
	}
	f.Critical, f.CriticalTime = critical(tasks)
	return f, nil
}

func spread(x []float64) Spread {
	sort.Float64s(x)
	return Spread{x[len(x)/2], x[len(x)*9/10]}
}

// critical is the chain of tasks that takes longest.
func critical(tasks []Task) (chain []Task, seconds float64) {
	ends, before := make([]float64, len(tasks)), make([]int, len(tasks))
	last := -1
	for i, t := range tasks {
		before[i] = -1
		for _, in := range t.Inputs {
			if before[i] < 0 || ends[in] > ends[before[i]] {
				before[i] = in
			}
		}
		ends[i] = t.Seconds
		if before[i] >= 0 {
			ends[i] += ends[before[i]]
		}
		if last < 0 || ends[i] > ends[last] {
			last = i
		}
	}
	if last < 0 {
		return nil, 0
	}
	seconds = ends[last]
	for i := last; i >= 0; i = before[i] {
		chain = append(chain, tasks[i])
	}
	slices.Reverse(chain)
	return chain, seconds
}

// game is one play.
type game struct {
	c     *Cluster
	tasks []Task
	luck  *random.Stream
	now   float64
	paid  float64 // seconds of running jobs
	lost  float64 // seconds of work thrown away
	jobs  int

	way     []float64 // by task: the longest way from its beginning to the end
	did     []float64 // by task: seconds of it that are done
	saved   []float64 // by task: of those, what a checkpoint holds
	free    []float64 // by task: when it may be taken, after its holder died in silence
	holder  []int     // by task: worker + 1
	ended   []bool
	left    int
	workers []worker
}

// worker is a job of the array.
type worker struct {
	task int // that it computes, −1: none
	runs bool
	// When, if it runs, it ends by its limit, a crash, a pre-emption; otherwise when it starts.
	limit, crash, preempted, starts float64
}

func newGame(c *Cluster, tasks []Task, seed int64) *game {
	n := len(tasks)
	g := &game{c: c, tasks: tasks, luck: random.New(seed, "forecast"), left: n,
		way: make([]float64, n), did: make([]float64, n), saved: make([]float64, n), free: make([]float64, n),
		holder: make([]int, n), ended: make([]bool, n), workers: make([]worker, c.Workers)}
	for i := n - 1; i >= 0; i-- {
		g.way[i] += tasks[i].Seconds
		for _, in := range tasks[i].Inputs {
			g.way[in] = max(g.way[in], g.way[i])
		}
	}
	for i := range g.workers {
		g.queue(&g.workers[i])
	}
	return g
}

// queue puts a job into the queue.
func (g *game) queue(w *worker) {
	*w = worker{task: -1, starts: g.now + g.c.Forecast.QueueMinutes*60}
}

// start runs a job whose turn it is.
func (g *game) start(w *worker) {
	*w = worker{task: -1, runs: true, starts: g.now + g.c.Forecast.StartSeconds, limit: g.now + g.c.Hours*3600 - float64(g.c.saveSeconds()),
		crash: g.now + g.after(g.c.Forecast.Crashes), preempted: g.now + g.after(g.c.Forecast.Preemptions)}
	g.jobs++
}

// after is the time to the next event of those that come so often a day.
func (g *game) after(perDay float64) float64 {
	if perDay == 0 {
		return math.Inf(1)
	}
	return -math.Log(1-g.luck.Float64()) * 86400 / perDay
}

// maxEvents is where a play gives up: tasks that no job has time for between two checkpoints.
const maxEvents = 2_000_000

// play plays until the last task has ended.
func (g *game) play() error {
	for range maxEvents {
		if g.left == 0 {
			return nil
		}
		g.assign()
		g.advance(g.next())
		g.happen()
	}
	return fmt.Errorf("the stages do not end: jobs of %g hours end before they can save; let stages save more often, or jobs run longer", g.c.Hours)
}

// assign gives tasks to workers that have none.
func (g *game) assign() {
	var idle []int
	for i := range g.workers {
		if w := &g.workers[i]; w.runs && w.task < 0 && w.starts <= g.now {
			idle = append(idle, i)
		}
	}
	if len(idle) == 0 {
		return
	}
	ready := taskQueue{way: g.way}
	for i := range g.tasks {
		if g.ready(i) {
			ready.tasks = append(ready.tasks, i)
		}
	}
	heap.Init(&ready)
	for _, i := range idle {
		if ready.Len() == 0 {
			return
		}
		t := heap.Pop(&ready).(int)
		g.workers[i].task, g.holder[t] = t, i+1
	}
}

func (g *game) ready(i int) bool {
	if g.ended[i] || g.holder[i] != 0 || g.free[i] > g.now {
		return false
	}
	for _, in := range g.tasks[i].Inputs {
		if !g.ended[in] {
			return false
		}
	}
	return true
}

// speed is the share of its full rate that each busy worker has.
func (g *game) speed() float64 {
	busy := 0
	for i := range g.workers {
		if g.workers[i].task >= 0 {
			busy++
		}
	}
	if g.c.Forecast.Side == 0 || busy == 0 {
		return 1
	}
	return min(1, g.c.Forecast.Side/float64(busy))
}

// next is when the next thing happens.
func (g *game) next() float64 {
	at, speed := math.Inf(1), g.speed()
	for i := range g.workers {
		w := &g.workers[i]
		if w.starts > g.now || !w.runs {
			at = min(at, max(w.starts, g.now))
		}
		if w.runs {
			at = min(at, w.limit, w.crash, w.preempted)
		}
		if w.task >= 0 {
			at = min(at, g.now+(g.tasks[w.task].Seconds-g.did[w.task])/speed)
		}
	}
	for _, t := range g.free {
		if t > g.now {
			at = min(at, t)
		}
	}
	return at
}

// advance lets time pass.
func (g *game) advance(to float64) {
	speed := g.speed()
	for i := range g.workers {
		w := &g.workers[i]
		if w.runs {
			g.paid += to - g.now
		}
		if w.task < 0 {
			continue
		}
		t := &g.tasks[w.task]
		g.did[w.task] += (to - g.now) * speed
		if t.Save > 0 {
			g.saved[w.task] = max(g.saved[w.task], math.Floor(g.did[w.task]/t.Save)*t.Save)
		}
	}
	g.now = to
}

// happen does what falls on this moment.
func (g *game) happen() {
	for i := range g.workers {
		w := &g.workers[i]
		if !w.runs {
			if w.starts <= g.now {
				g.start(w)
			}
			continue
		}
		if t := w.task; t >= 0 && g.tasks[t].Seconds-g.did[t] < 1e-6 {
			g.ended[t], g.holder[t], w.task = true, 0, -1
			g.left--
		}
		switch {
		case w.crash <= g.now:
			g.drop(w, false)
		case w.limit <= g.now, w.preempted <= g.now:
			g.drop(w, true)
		}
	}
}

// drop ends a job, which goes back into the queue. A warned one saves, if its task can.
func (g *game) drop(w *worker, warned bool) {
	if t := w.task; t >= 0 {
		g.holder[t] = 0
		if warned && g.tasks[t].Save > 0 {
			g.saved[t] = g.did[t]
		}
		if !warned {
			g.free[t] = g.now + g.c.Patience().Seconds()
		}
		g.lost += g.did[t] - g.saved[t]
		g.did[t] = g.saved[t]
	}
	g.queue(w)
}

// taskQueue gives the task with the longest way first.
type taskQueue struct {
	tasks []int
	way   []float64
}

func (q taskQueue) Len() int           { return len(q.tasks) }
func (q taskQueue) Less(i, j int) bool { return q.way[q.tasks[i]] > q.way[q.tasks[j]] }
func (q taskQueue) Swap(i, j int)      { q.tasks[i], q.tasks[j] = q.tasks[j], q.tasks[i] }
func (q *taskQueue) Push(x any)        { q.tasks = append(q.tasks, x.(int)) }
func (q *taskQueue) Pop() any {
	last := q.tasks[len(q.tasks)-1]
	q.tasks = q.tasks[:len(q.tasks)-1]
	return last
}
