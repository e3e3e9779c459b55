package store

// Known are the UIDs from lowest on that the ledger has of a mailbox under one
// UIDVALIDITY, whatever became of those mails.
func (tx *Tx) Known(mailbox string, uidvalidity, lowest uint32) (map[uint32]bool, error) {
	known := map[uint32]bool{}
	_, err := list(tx, func(scan scan) (struct{}, error) {
		var uid uint32
		err := scan(&uid)
		known[uid] = true
		return struct{}{}, err
	}, "SELECT uid FROM inbox WHERE mailbox = $1 AND uidvalidity = $2 AND uid >= $3", mailbox, uidvalidity, lowest)
	return known, err
}
