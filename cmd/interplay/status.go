package main

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"interplay/pipeline"
)

// statusFlags are the settings of interplay status.
type statusFlags struct {
	studyFlags
	tries int
	json  bool
	http  string
}

func statusCommand() *cobra.Command {
	f := statusFlags{tries: pipeline.DefaultTries}
	c := &cobra.Command{
		Use:   "status STUDY|FILE… [-profile P] [-seed S] [-seeds N] [-json] [-http localhost:8080]",
		Short: "says which stages are done, running and where, waiting or failed",
		Long: `Says of every stage of the studies whether it is done, running (where, since when,
how long ago its worker was heard of, how far it is), ready, waiting for others,
failed (why), or blocked by one that failed. It reads the run folder and changes
nothing. With -http it serves the same as a page that refreshes itself.`,
		RunE: func(c *cobra.Command, args []string) error { return f.show(c.Context(), args) },
	}
	f.declareStudies(c)
	whole(c.Flags(), &f.tries, "tries", 1, 100, "attempts after which a stage counts as failed, as the workers were told")
	c.Flags().BoolVar(&f.json, "json", false, "print it as JSON")
	c.Flags().StringVar(&f.http, "http", "", "serve it at this address as a page, until interrupted")
	return c
}

func logsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "logs STAGE",
		Short: "shows what is written down of a stage: where it ran, progress, failures",
		Long: `Shows the log of a stage, which interplay status lists by name; the beginning of its
name is enough. Of a finished stage it shows the seal: when, where, how long.`,
		Args: arguments("a stage (interplay status lists them)"),
		RunE: func(_ *cobra.Command, args []string) error {
			store, err := openStore()
			if err != nil {
				return err
			}
			name, err := stageByPrefix(store.Root, args[0])
			if err != nil {
				return err
			}
			text, err := store.StageLog(name)
			fmt.Print(text)
			return err
		},
	}
}

// stageByPrefix completes the name of a stage in the run folder.
func stageByPrefix(root, prefix string) (string, error) {
	found := map[string]bool{}
	for _, place := range []string{root, filepath.Join(root, "working")} {
		entries, _ := os.ReadDir(place)
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), prefix) && e.IsDir() && strings.Contains(e.Name(), "-") && !strings.HasPrefix(e.Name(), ".") {
				found[e.Name()] = true
			}
		}
	}
	switch {
	case found[prefix] || len(found) == 0:
		return prefix, nil
	case len(found) > 1:
		return "", usagef("%d stages begin with %q: give more of the name", len(found), prefix)
	}
	for name := range found {
		prefix = name
	}
	return prefix, nil
}

// stageOf is where a stage stands, with the studies that it is of where several are asked for.
type stageOf struct {
	pipeline.StageState
	Studies []string `json:"studies,omitempty"`
}

// withStudies adds to stages the studies that each is of: names are those that are asked for.
func withStudies(states []pipeline.StageState, names []string, of map[string][]string) []stageOf {
	out := make([]stageOf, len(states))
	for i, x := range states {
		if out[i].StageState = x; len(names) > 1 {
			out[i].Studies = of[x.Folder]
		}
	}
	return out
}

func (f *statusFlags) show(ctx context.Context, names []string) error {
	stages, of, err := f.stagesOf(names)
	if err != nil {
		return err
	}
	store, err := openStore()
	if err != nil {
		return err
	}
	look := func() ([]stageOf, error) {
		states, err := store.States(stages, f.tries)
		return withStudies(states, names, of), err
	}
	if f.http != "" {
		return serveStatus(ctx, f.http, strings.Join(names, ", "), look)
	}
	states, err := look()
	if err != nil {
		return err
	}
	if f.json {
		text, err := json.MarshalIndent(states, "", "  ")
		fmt.Println(string(text))
		return err
	}
	fmt.Print(statusText(states))
	return nil
}

// statusText is the status as a text: a line of sums, then the stages that are not done.
func statusText(states []stageOf) string {
	var out strings.Builder
	fmt.Fprintln(&out, statusSums(states))
	for _, x := range states {
		if x.State != pipeline.Finished {
			fmt.Fprintf(&out, "%-8s %-24s %s\n", x.State, x.Folder, stateWords(x))
		}
	}
	return out.String()
}

func statusSums(states []stageOf) string {
	count := map[pipeline.State]int{}
	for _, x := range states {
		count[x.State]++
	}
	text := fmt.Sprintf("%d stages: %d done", len(states), count[pipeline.Finished])
	for _, s := range []pipeline.State{pipeline.Running, pipeline.Ready, pipeline.Waiting, pipeline.Failed, pipeline.Blocked} {
		if count[s] > 0 {
			text += fmt.Sprintf(", %d %s", count[s], s)
		}
	}
	return text
}

// stateWords is what there is to say about a stage.
func stateWords(x stageOf) string {
	text := x.Label
	if len(x.Studies) > 0 {
		text += " (" + strings.Join(x.Studies, ", ") + ")"
	}
	if h := x.Holder; h != nil {
		text += fmt.Sprintf("; on %s, process %d", h.Host, h.PID)
		if h.Job != "" {
			text += ", " + h.Job
		}
		text += ", since " + h.Since.Local().Format(time.DateTime)
		if x.Beat != nil && x.Beat.Total > 0 {
			text += "; " + progressWords(x.Beat.Progress)
			if x.Beat.Rate > 0 {
				text += fmt.Sprintf(", %.0f %s/s", x.Beat.Rate, x.Beat.RateUnit)
			}
		}
		text += fmt.Sprintf("; heard of %.0f s ago", x.Silent)
		if x.Left > 0 {
			text += ", about " + (time.Duration(x.Left) * time.Second).String() + " left"
		}
	}
	if n := len(x.Failures); n > 0 {
		last := x.Failures[n-1]
		text += fmt.Sprintf("; failed %d times, the last time on %s: %s", n, last.Host, lastOf(last.Error, 3))
	}
	return text
}

// lastOf is the last lines of a text, as one.
func lastOf(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " / ")
}

// serveStatus serves the status as a page that refreshes every five seconds.
func serveStatus(ctx context.Context, address, title string, look func() ([]stageOf, error)) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("the page cannot be served: %w; give another address with -http, such as localhost:8081", err)
	}
	fmt.Printf("http://%s shows %s, until you press Ctrl-C\n", listener.Addr(), title)
	server := http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		states, err := look()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, statusPage(title, states))
	})}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	if err := server.Serve(listener); ctx.Err() == nil {
		return err
	}
	return nil
}

const statusStyle = "body{font:15px sans-serif;margin:2em}td,th{text-align:left;padding:.2em .8em;border-bottom:1px solid #ddd}" +
	".failed,.blocked{color:#b00}.running{color:#06c}.done{color:#777}"

// statusPage is the status as a page.
func statusPage(title string, states []stageOf) string {
	var out strings.Builder
	fmt.Fprintf(&out, "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=5><title>%s</title><style>%s</style>\n<h1>%s</h1>\n<p>%s</p>\n<table><tr><th>stage<th>state<th>what\n",
		html.EscapeString(title), statusStyle, html.EscapeString(title), html.EscapeString(statusSums(states)))
	for _, x := range states {
		fmt.Fprintf(&out, "<tr class=%s><td>%s<td>%s<td>%s\n", x.State, html.EscapeString(x.Folder), x.State, html.EscapeString(stateWords(x)))
	}
	out.WriteString("</table></html>\n")
	return out.String()
}
