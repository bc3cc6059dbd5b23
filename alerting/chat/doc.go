// Package chat writes alerts for chats that take incoming webhooks: Slack and what is
// compatible, Microsoft Teams, and Discord. Their URLs are secrets. None of them lets a
// later message change an earlier one, so a recovery is a message of its own; with a Slack
// bot's token it goes into the thread of the alert.
//
//	slack.go    Slack
//	teams.go    Teams: an Adaptive Card
//	discord.go  Discord: an embed
package chat
