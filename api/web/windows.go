package web

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/api/web/form"
	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/api/windows"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// windowsPage lists the maintenance windows, and has a form for a new one.
type windowsPage struct {
	frame
	Windows []shownWindow
	Form    form.Form
}

// shownWindow is a window with its schedule in words.
type shownWindow struct {
	fsm.Window
	Words string // of the schedule; "": it comes once
}

// Over reports whether a window that comes once is over.
func (w shownWindow) Over() bool { return w.Spec.Once() && w.Begins.IsZero() }

// rank is its place in the list: what is on, then what will be, then the others.
func (w shownWindow) rank() int {
	switch {
	case w.On:
		return 0
	case w.Begins.IsZero():
		return 2
	}
	return 1
}

// Fields are those of a new window, with what was typed.
func (p windowsPage) Fields() []form.Control { return form.Window.With(p.Form) }

func (s *Site) windowsPage(ctx *fasthttp.RequestCtx, in *session) windowsPage {
	p := windowsPage{frame: s.frame(ctx, in, "Maintenance", "windows")}
	for _, w := range s.store.Windows() {
		one := shownWindow{Window: w}
		if !w.Spec.Once() {
			zone := cmp.Or(w.Spec.TZ, "UTC")
			if when, _, err := schedules.Read(w.Spec.Schedule, zone, s.back.Zones()); err == nil {
				one.Words = when.Describe() + " (" + zone + ")"
			}
		}
		p.Windows = append(p.Windows, one)
	}
	slices.SortStableFunc(p.Windows, func(a, b shownWindow) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), a.Begins.Compare(b.Begins))
	})
	return p
}

func (s *Site) windows(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	return s.render(ctx, "windows", s.windowsPage(ctx, in))
}

// createWindow plans a window as a form says.
func (s *Site) createWindow(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	f := form.Window.Read(ctx.PostArgs())
	now := time.Now()
	body := f.Window(s.back.Zones(), now)
	if len(f.Problems) == 0 {
		c, err := body.Command(s.back.Zones(), now, 0)
		did := s.planned(c.Spec, now)
		if err == nil {
			_, err = s.back.Propose(ctx, c)
		}
		switch {
		case err == nil:
			return see(ctx, Prefix+"windows?did="+did)
		case errors.Is(err, fsm.ErrQuota):
			f.Problems[""] = fmt.Sprintf("There are %d windows, as many as may be: delete one first.", fsm.MaxWindows)
		default:
			_, words := s.back.Explain(err)
			f.Problems[""] = show.Sentence(words)
		}
	}
	p := s.windowsPage(ctx, in)
	p.Form, p.Title = f, "Not planned: "+p.Title
	ctx.SetStatusCode(fasthttp.StatusUnprocessableEntity)
	return s.render(ctx, "windows", p)
}

// planned names what is said of a new window: what its maker may not have meant, too.
func (s *Site) planned(spec fsm.WindowSpec, now time.Time) string {
	if spec.Once() && spec.From == 0 {
		spec.From = now.UnixMilli()
	}
	switch {
	case len(windows.Warnings(spec, nil, s.store.HasTag)) > 0:
		return "planned-idle"
	case len(windows.Warnings(spec, s.store.Windows(), s.store.HasTag)) > 0:
		return "planned-twice"
	}
	return "planned"
}

// findWindow returns the window that an address names.
func (s *Site) findWindow(id string) (fsm.Window, error) {
	list := s.store.Windows()
	i := slices.IndexFunc(list, func(w fsm.Window) bool { return w.ID.String() == id })
	if i < 0 {
		return fsm.Window{}, errNoPage
	}
	return list[i], nil
}

func (s *Site) confirmDeleteWindow(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	w, err := s.findWindow(args[0])
	if err != nil {
		return err
	}
	return s.render(ctx, "sure", surePage{
		frame: s.frame(ctx, in, "Delete "+w.Spec.Name+"?", "windows"), Words: "Alerts that wait for its end go out at once.",
		Action: Prefix + "windows/" + args[0] + "/delete", Do: "Delete it", Back: Prefix + "windows",
	})
}

func (s *Site) deleteWindow(ctx *fasthttp.RequestCtx, _ *session, args []string) error {
	w, err := s.findWindow(args[0])
	if err != nil {
		return err
	}
	if _, err := s.back.Propose(ctx, fsm.DeleteWindow{ID: w.ID}); err != nil {
		return err
	}
	return see(ctx, Prefix+"windows?did=deleted")
}

// maintenanceOf returns the window that is on for a heartbeat, of several the one that ends last; nil
// if none is.
func (s *Site) maintenanceOf(tags []string) (on *fsm.Window) {
	for _, w := range s.store.Windows() {
		if w.On && slices.ContainsFunc(w.Spec.Tags, func(t string) bool { return slices.Contains(tags, t) }) && (on == nil || w.Ends.After(on.Ends)) {
			on = &w
		}
	}
	return on
}
