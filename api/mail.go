package api

import (
	"context"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Mail is what the API needs of this node's way to the mail server.
type Mail interface {
	// Status is what the node knows of the mail server, at once.
	Status() MailStatus
	// Test sends a test mail to one address, or to all of --mail-to, within the time that
	// an HTTP client waits.
	Test(ctx context.Context, to string) []MailTest
}

// MailStatus is the newest word about the mail server.
type MailStatus struct {
	Checked time.Time // zero: not yet
	Error   string    // why it cannot be used; "": it answers
}

// MailTest is what became of a test mail.
type MailTest struct {
	Recipient string `json:"recipient"`
	Accepted  bool   `json:"accepted"`
	Answer    string `json:"answer"` // the mail server's, or why there is none
}

// Test mails of a node, so that nobody is flooded by way of it.
const (
	testMailEvery = 10 * time.Second
	testMailBurst = 6
)

// mailServerJSON is the mail server as the answering node sees it.
type mailServerJSON struct {
	State     string  `json:"state"` // ok, failing or unknown
	CheckedAt *string `json:"checked_at"`
	Error     string  `json:"error"`
}

func (s *Server) mailServer() mailServerJSON {
	if s.cfg.Mail == nil {
		return mailServerJSON{State: "unknown"}
	}
	st := s.cfg.Mail.Status()
	out := mailServerJSON{State: "ok", CheckedAt: stamp(st.Checked), Error: st.Error}
	switch {
	case st.Checked.IsZero():
		out.State = "unknown"
	case st.Error != "":
		out.State = "failing"
	}
	return out
}

// testMail sends a test mail from this node. It is no command, so the caller's key is
// looked at right before.
func (s *Server) testMail(ctx *fasthttp.RequestCtx, _ []string) error {
	if err := s.barrier(ctx); err != nil {
		return err
	}
	var in struct {
		To string `json:"to"`
	}
	if hasBody(&ctx.Request.Header) {
		if err := decode(ctx, &in); err != nil {
			return err
		}
	}
	if in.To != "" {
		if err := fsm.ValidateEmail(in.To); err != nil {
			return err
		}
	}
	if wait := s.limits.mails.take(struct{}{}, time.Now()); wait > 0 {
		return s.limits.tooMany(limitMails, wait, "this node has sent several test mails just now: try again later")
	}
	var results []MailTest
	if s.cfg.Mail != nil {
		results = s.cfg.Mail.Test(context.Background(), in.To)
	}
	if results == nil {
		return badRequest("there is nobody to send a test mail to: give an address as to, or set --mail-to")
	}
	return reply(ctx, fasthttp.StatusOK, map[string]any{"results": results})
}

// warnings tell of what a heartbeat lacks.
func (s *Server) warnings(h fsm.Heartbeat) []string {
	if len(h.Spec.Emails) == 0 && len(s.store.Settings().MailTo) == 0 {
		return []string{"nobody is told when it fails: it names no email, and the cluster has no --mail-to"}
	}
	return nil
}
