package spool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// Flusher delivers what a spool holds, the oldest first.
type Flusher struct {
	Say    func(string, ...any)
	Client func(Entry) *heartbeat.Client // who delivers an entry; nil: nobody here
	dead   map[string]bool               // addresses that do not answer
	Why    error                         // the newest reason for which something is left
}

// Flushed is what came of it.
type Flushed struct {
	Delivered int `json:"delivered"`
	Dropped   int `json:"dropped"` // too old, refused or damaged
	Left      int `json:"left"`
}

func (f *Flusher) Flush(ctx context.Context, s *Folder) (res Flushed, err error) {
	f.dead = map[string]bool{}
	for _, dir := range s.dirs() {
		if folderExists(dir) {
			err = errors.Join(err, f.flushFolder(ctx, dir, &res))
		}
	}
	return res, err
}

func (f *Flusher) flushFolder(ctx context.Context, dir string, res *Flushed) error {
	if err := checkPrivate(dir); err != nil {
		return err
	}
	all, _, err := list(dir)
	if err != nil || len(all) == 0 {
		return err
	}
	unlock, err := lock(dir)
	if err != nil {
		return fmt.Errorf("%s is not delivered: %w", dir, err)
	}
	defer unlock()
	for _, k := range all {
		f.deliver(ctx, k, res)
	}
	return nil
}

// deliver sends one entry and removes it, unless it may still come through later.
func (f *Flusher) deliver(ctx context.Context, k keptFile, res *Flushed) {
	e, err := k.readEntry()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case errors.Is(err, fs.ErrPermission):
		res.Left++
		return
	case err != nil:
		f.drop(k, res, "%s is damaged and dropped: %v", k.path, err)
		return
	case time.Since(e.at()) > maxAge:
		f.drop(k, res, "the report of a run that ended at %s is dropped: the monitor takes none that is over 24 hours old", e.at().Local().Format(time.DateTime))
		return
	}
	api := f.Client(e)
	if api == nil || f.dead[e.URL] || ctx.Err() != nil {
		res.Left++
		return
	}
	switch err := f.send(ctx, api, e); {
	case err == nil:
		_ = os.Remove(k.path)
		res.Delivered++
	case heartbeat.IsInvalid(err):
		// Of all that an entry says only its time can be wrong: the clock here may be fast.
		f.Why = err
		res.Left++
	case heartbeat.IsRefused(err):
		f.drop(k, res, "the monitor refused the report of a run that ended at %s, it is dropped: %v", e.at().Local().Format(time.DateTime), err)
	default:
		f.dead[e.URL], f.Why = true, err // what comes next would not come through, either
		res.Left++
	}
}

func (f *Flusher) send(ctx context.Context, api *heartbeat.Client, e Entry) error {
	for _, s := range e.Signals {
		if time.Since(s.At) > maxAge {
			continue // the start of a long run
		}
		if err := e.Tell(ctx, api, s, true); err != nil {
			return err
		}
	}
	return nil
}

func (f *Flusher) drop(k keptFile, res *Flushed, why string, args ...any) {
	_ = os.Remove(k.path)
	res.Dropped++
	f.Say(why, args...)
}
