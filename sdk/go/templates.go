package heartbeat

import (
	"context"
	"net/http"
)

// Templates are words of one's own for all alerts, in the syntax of text/template; "": those built in.
type Templates struct {
	Subject string `json:"subject"` // of mails, and the title elsewhere
	Text    string `json:"text"`    // with which a message begins
}

// TemplatePreview is what templates would say of a sample.
type TemplatePreview struct {
	Kind    string `json:"kind"` // down, recovered or digest
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// TemplateSet are the templates of a cluster, and the fields that they may tell.
type TemplateSet struct {
	Templates
	Fields []string `json:"fields"`
}

const templatesPath = "/v1/templates"

// Templates returns the words of one's own for alerts.
func (c *Client) Templates(ctx context.Context) (*TemplateSet, error) {
	return result[TemplateSet](ctx, c, request{method: http.MethodGet, path: templatesPath}, nil)
}

// SetTemplates sets both templates.
func (c *Client) SetTemplates(ctx context.Context, t Templates) (*TemplateSet, error) {
	return result[TemplateSet](ctx, c, request{method: http.MethodPut, path: templatesPath}, t)
}

// DeleteTemplates goes back to the words that are built in.
func (c *Client) DeleteTemplates(ctx context.Context) error {
	return c.call(ctx, request{method: http.MethodDelete, path: templatesPath}, nil, nil)
}

// PreviewTemplates shows what templates would say, and saves nothing.
func (c *Client) PreviewTemplates(ctx context.Context, t Templates) ([]TemplatePreview, error) {
	out, err := result[struct{ Previews []TemplatePreview }](ctx, c, request{method: http.MethodPost, path: templatesPath + "/preview"}, t)
	if err != nil {
		return nil, err
	}
	return out.Previews, nil
}
