package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// browser is a headless Chromium that looks at the dashboard.
type browser struct {
	t   *testing.T
	ctx context.Context
	url string

	mu     sync.Mutex
	faults []string // what the page complained of: scripts, and the Content-Security-Policy
}

// openBrowser starts one, or skips the test where there is none. The screenshots go to
// QUORUMBEAT_SCREENSHOTS if that is set.
func openBrowser(t *testing.T, url string) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("there is no Chromium")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-dev-shm-usage", true), chromedp.UserDataDir(t.TempDir()),
		chromedp.WindowSize(1280, 900), chromedp.Flag("lang", "en"), chromedp.ModifyCmdFunc(keepInTurn))
	alloc, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(stop)
	b := &browser{t: t, url: url}
	b.ctx, stop = chromedp.NewContext(alloc)
	t.Cleanup(stop)
	if err := chromedp.Do(b.ctx); err != nil { // it lives as long as the context that starts it
		t.Skipf("%s cannot be started: %v", path, err)
	}
	exceptions, entries := chromedp.Events(b.ctx, runtime.ExceptionThrown), chromedp.Events(b.ctx, cdplog.EntryAdded)
	go func() {
		for ev, err := range exceptions {
			if err != nil {
				return
			}
			b.fault("script: " + ev.ExceptionDetails.Text)
		}
	}()
	go func() {
		for ev, err := range entries {
			if err != nil {
				return
			}
			if ev.Entry.Source == cdplog.EntrySourceSecurity {
				b.fault("security: " + ev.Entry.Text)
			}
		}
	}()
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.faults) > 0 {
			t.Errorf("the pages complained: %s", strings.Join(b.faults, "\n"))
		}
	})
	return b
}

func (b *browser) fault(words string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, words)
}

// keepInTurn takes from a browser of root what it needs to put itself before all other processes, which it would do
// (nice -8): on two cores the nodes under test would wait. Like any browser it ends with this process.
func keepInTurn(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	setpriv, err := exec.LookPath("setpriv")
	if err != nil || os.Geteuid() != 0 {
		return
	}
	cmd.Args = append([]string{setpriv, "--bounding-set", "-sys_nice", "--inh-caps", "-sys_nice", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = setpriv
}

// do does things in the browser; what says what for.
func (b *browser) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for _, step := range steps {
		err := chromedp.Do(ctx, step)
		for wasReplaced(err) {
			err = chromedp.Do(ctx, step)
		}
		if err != nil {
			text, _ := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("body")))
			b.t.Fatalf("%s: %v\nthe page: %s", what, err, text)
		}
	}
}

// wasReplaced reports that a live page replaced an element after it was found, and before anything was done with it.
func wasReplaced(err error) bool {
	return err != nil && strings.Contains(err.Error(), "Could not find node with given id")
}

func (b *browser) visit(path string) {
	b.t.Helper()
	b.do("going to "+path, chromedp.Navigate(b.url+path), chromedp.WaitVisible(chromedp.CSS("h1")))
}

// signIn signs in with the cluster's admin key.
func (b *browser) signIn() {
	b.t.Helper()
	b.signInWith(adminKey)
}

func (b *browser) signInWith(key string) {
	b.t.Helper()
	b.visit("/")
	b.do("signing in", chromedp.SendKeys(chromedp.CSS("#key"), key+"\r"), chromedp.WaitVisible(chromedp.CSS("nav")))
}

// glance is the shortest pause between two questions to a page.
const glance = 20 * time.Millisecond

// sees waits until an expression of JavaScript is true on the page, without a reload.
func (b *browser) sees(what, expression string) (after time.Duration) {
	b.t.Helper()
	start := time.Now()
	testkit.Eventually(b.t, what, func() bool {
		yes, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if err != nil || !yes {
			time.Sleep(glance) // or to ask takes more of the processors than the page
		}
		return err == nil && yes
	})
	return time.Since(start)
}

// shows waits for a text in the page.
func (b *browser) shows(text string) (after time.Duration) {
	b.t.Helper()
	return b.sees("the page shows "+text, fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

// press clicks on a button or link by its text, in one step: the page is live.
func (b *browser) press(text string) {
	b.t.Helper()
	b.sees("there is "+text, fmt.Sprintf(`(e => e && !(e.click(), false))([...document.querySelectorAll('a,button')].find(e => e.innerText.trim() == %q))`, text))
}

// fill types into a field in place of what it holds.
func (b *browser) fill(field, text string) {
	b.t.Helper()
	b.do("filling "+field, chromedp.SetValue(chromedp.CSS(`[name="`+field+`"]:not([type=hidden])`), text))
}

// look judges the page as it stands, and takes a screenshot of all of it.
func (b *browser) look(name string) {
	b.t.Helper()
	b.accessible(name)
	b.lookOnly(name)
}

// lookOnly is look of a page whose accessibility was judged before.
func (b *browser) lookOnly(name string) {
	b.t.Helper()
	b.fits()
	b.hittable(name)
	dir := os.Getenv("QUORUMBEAT_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	testkit.Must(b.t, err)
	testkit.Must(b.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600))
}

// axe is the judge of accessibility, which make test-go installs.
const axe = "../../../testdata/axe/node_modules/axe-core/axe.min.js"

// accessible fails the test for what axe finds serious on the page. Rules that find nothing serious are left out:
// they take a third of its time.
func (b *browser) accessible(page string) {
	b.t.Helper()
	script, err := os.ReadFile(axe)
	if errors.Is(err, fs.ErrNotExist) {
		b.t.Log("axe is not installed: accessibility is not judged")
		return
	}
	testkit.Must(b.t, err)
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](string(script)+`;
		axe.run({ resultTypes: ["violations"], rules: Object.fromEntries(axe._audit.rules.filter(r => ['minor', 'moderate'].includes(r.impact)).map(r => [r.id, { enabled: false }])) }).then(r => r.violations.filter(v => ['serious', 'critical'].includes(v.impact))
			.map(v => v.id + ': ' + v.help + '\n' + v.nodes.map(n => '  ' + n.html + ' ' + n.any.map(a => a.message).join('; ')).join('\n')).join('\n'))`, chromedp.EvalAwaitPromise))
	testkit.Must(b.t, err)
	if found != "" {
		b.t.Errorf("%s is not accessible:\n%s", page, found)
	}
}

// fits fails the test if anything but what scrolls by itself hangs over the page's edge.
func (b *browser) fits() {
	b.t.Helper()
	over, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.documentElement.scrollWidth <= innerWidth ? '' :
		[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth && !e.closest('.scroll, pre, figure')).map(e => e.outerHTML.slice(0, 80)).join('\n')`))
	testkit.Must(b.t, err)
	if over != "" {
		b.t.Errorf("these hang over the edge:\n%s", over)
	}
}

// hittable fails the test for what is too small to be hit by a finger: 24 pixels are the least. Of what stands in a label, that counts.
func (b *browser) hittable(page string) {
	b.t.Helper()
	small, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`[...document.querySelectorAll('a:not(.skip), button, input, select, textarea, summary')].filter(e => {
		const r = (e.matches('[type=checkbox], [type=radio]') && e.closest('label') || e).getBoundingClientRect()
		return r.width && (r.width < 24 || r.height < 24)
	}).map(e => e.outerHTML.slice(0, 100)).join('\n')`))
	testkit.Must(b.t, err)
	if small != "" {
		b.t.Errorf("%s: these are hard to hit:\n%s", page, small)
	}
}

// appears makes the browser look another way: its width, and the colours it asks for.
func (b *browser) appears(width int64, scheme string) {
	b.t.Helper()
	b.do("another width", chromedp.EmulateViewport(width, 800))
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	testkit.Must(b.t, err)
}
