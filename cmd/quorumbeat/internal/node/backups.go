package node

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/durable"
)

// backupFile tells in the data folder when this node last sent a backup, so that a restart
// does not forget it.
const backupFile = "backup.json"

type lastBackup struct {
	At time.Time `json:"at"`
}

// readLastBackup returns when this node last sent a backup; zero if it is not known.
func readLastBackup(dir string) time.Time {
	var b lastBackup
	text, err := os.ReadFile(filepath.Join(dir, backupFile))
	if err != nil || json.Unmarshal(text, &b) != nil {
		return time.Time{}
	}
	return b.At
}

func writeLastBackup(dir string, at time.Time) error {
	text, err := json.Marshal(lastBackup{at.UTC()})
	if err != nil {
		return err
	}
	return durable.Replace(filepath.Join(dir, backupFile), append(text, '\n'))
}
