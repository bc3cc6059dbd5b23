package settings

import "github.com/spf13/pflag"

// Again returns a function that reads the settings from everywhere, like the first time.
// It must be called before the first time: it keeps what the command line says.
func (s *Node) Again(e Env, b Build) func() (*Node, error) {
	given := map[string]string{}
	s.flags.Visit(func(f *pflag.Flag) { given[f.Name] = f.Value.String() })
	return func() (*Node, error) {
		fresh := New(b)
		fresh.Register(pflag.NewFlagSet("serve", pflag.ContinueOnError))
		for name, value := range given {
			if err := fresh.flags.Set(name, value); err != nil {
				return nil, err
			}
		}
		return fresh, fresh.Load(e)
	}
}

// Changed lists the settings that another reading of them has changed.
func (s *Node) Changed(fresh *Node) (names []string) {
	s.flags.VisitAll(func(f *pflag.Flag) {
		if now := fresh.flags.Lookup(f.Name); now != nil && now.Value.String() != f.Value.String() {
			names = append(names, f.Name)
		}
	})
	return names
}
