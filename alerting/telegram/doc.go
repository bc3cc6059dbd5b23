// Package telegram writes alerts for the Bot API of Telegram. Texts are plain, so that
// nothing in them is read as markup. The bot's token stands in the URL, and is a secret.
package telegram
