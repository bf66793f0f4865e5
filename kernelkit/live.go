package kernelkit

import (
	"fmt"
	"sync"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"

	"interplay/pipeline"
	"interplay/plots"
)

// liveCurve redraws what a running stage measures, in place, beside the progress line: the loss of training, or the
// reward of RL. Executed without a browser, a notebook keeps the last picture.
type liveCurve struct {
	mu     sync.Mutex
	id     string
	next   time.Time                     // of the next drawing
	series map[string]*plots.CurveSeries // by stage
	order  []string
	what   string
}

// liveEvery is the shortest time between two drawings, and liveShare the largest share of the run's time that
// drawing takes.
const (
	liveEvery = 3 * time.Second
	liveShare = 0.005
)

// newLiveCurve shows nothing outside of a notebook.
func newLiveCurve() *liveCurve {
	c := &liveCurve{series: map[string]*plots.CurveSeries{}, next: time.Now().Add(liveEvery)}
	if gonbui.IsNotebook {
		c.id = gonbui.UniqueId()
	}
	return c
}

// update takes what a stage reports.
func (c *liveCurve) update(p pipeline.Progress) {
	if c.id == "" || p.Measured == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(p)
	if now := time.Now(); now.After(c.next) {
		c.draw()
		took := time.Since(now)
		c.next = time.Now().Add(max(liveEvery, time.Duration(float64(took)/liveShare)))
	}
}

func (c *liveCurve) add(p pipeline.Progress) {
	s := c.series[p.Label]
	if s == nil {
		s = &plots.CurveSeries{Name: p.Label}
		c.series[p.Label], c.order = s, append(c.order, p.Label)
	}
	c.what = p.Measured
	s.X, s.Y = append(s.X, p.Done), append(s.Y, p.Value)
}

// end draws the last state, where anything was drawn before.
func (c *liveCurve) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.id != "" && len(c.order) > 0 {
		c.draw()
	}
}

func (c *liveCurve) draw() {
	data := plots.CurveData{Title: "As it runs", XLabel: "step", YLabel: c.what}
	for _, label := range c.order {
		s := *c.series[label]
		data.Smooth = max(data.Smooth, len(s.X)/20)
		data.Series = append(data.Series, s)
	}
	png, err := plots.Curve(data)
	if err != nil {
		return // the stage goes on without its picture
	}
	last := data.Series[len(data.Series)-1]
	gonbui.SendData(&protocol.DisplayData{
		Data: map[protocol.MIMEType]any{protocol.MIMEImagePNG: png,
			protocol.MIMETextPlain: fmt.Sprintf("%s of %s over %d steps, now %.3f", c.what, last.Name, len(last.X), last.Y[len(last.Y)-1])},
		DisplayID: c.id,
	})
}
