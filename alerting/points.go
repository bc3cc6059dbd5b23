package alerting

// Points that a delivery passes, in this order; see Config.Step.
const (
	PointReady       = "ready"       // a row is to be sent, and not claimed
	PointClaimed     = "claimed"     // the claim committed, and nobody was asked
	PointTransferred = "transferred" // the server has all but the final dot
	PointFenced      = "fenced"      // the fence committed, and the dot is not out
	PointDotted      = "dotted"      // the dot is out, and the answer not read
	PointTaken       = "taken"       // the server took the message, and the ledger does not know
	PointSettled     = "settled"     // the ledger knows
)

// passPoint tells a test that a delivery reached a point.
func (s *Service) passPoint(point string) {
	if s.cfg.Step != nil {
		s.cfg.Step(point)
	}
}
