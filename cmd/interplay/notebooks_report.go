package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"interplay/kernelkit/durable"
)

// notebookOutcome is how a notebook went: executed and compared, or err says why not.
type notebookOutcome struct {
	name, file string
	took       time.Duration
	err        error
}

func failures(all []notebookOutcome) (n int) {
	for _, o := range all {
		if o.err != nil {
			n++
		}
	}
	return n
}

// report says that a notebook failed, and why; under GitHub's workflows also in the form
// that is shown beside the file. (What passed has said so.)
func (o notebookOutcome) report() {
	if o.err == nil {
		return
	}
	fmt.Printf("✗ %s: %v\n", o.name, o.err)
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		fmt.Println(annotation(o, os.Getenv("GITHUB_WORKSPACE")))
	}
}

// annotation is a workflow command of GitHub: an error at a file of the workspace.
func annotation(o notebookOutcome, workspace string) string {
	file := o.file
	if inside, err := filepath.Rel(workspace, file); workspace != "" && err == nil && !strings.HasPrefix(inside, "..") {
		file = inside
	}
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	return fmt.Sprintf("::error file=%s,title=%s::%s", property.Replace(file), property.Replace("notebook "+o.name), data.Replace(o.err.Error()))
}

// junitSuite is a test suite in JUnit's XML, as GitLab, Jenkins, GitHub's actions and
// others read it.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Time     string      `xml:"time,attr"` // seconds
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitFailure `xml:"failure"`
}

type junitFailure struct {
	Message string `xml:"message,attr"` // the first line
	Text    string `xml:",chardata"`
}

// writeJUnit writes what passed and what failed, one test a notebook.
func writeJUnit(file string, all []notebookOutcome) error {
	suite := junitSuite{Name: "notebooks", Tests: len(all), Failures: failures(all)}
	var took time.Duration
	for _, o := range all {
		c := junitCase{Class: "notebooks", Name: o.name, File: o.file, Time: seconds(o.took)}
		if o.err != nil {
			first, _, _ := strings.Cut(o.err.Error(), "\n")
			c.Failure = &junitFailure{Message: first, Text: o.err.Error()}
		}
		suite.Cases = append(suite.Cases, c)
		took += o.took
	}
	suite.Time = seconds(took)
	return durable.Write(file, func(w io.Writer) error {
		if _, err := io.WriteString(w, xml.Header); err != nil {
			return err
		}
		out := xml.NewEncoder(w)
		out.Indent("", "  ")
		if err := out.Encode(suite); err != nil {
			return err
		}
		_, err := io.WriteString(w, "\n")
		return err
	})
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
