package main

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lonng/nano"
)

// The longest that is accepted, in characters.
const (
	maxName = 24
	maxRoom = 32
	maxText = 2000
)

// cleanName trims a nickname, makes each run of spaces one, and refuses what cannot be seen.
func cleanName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return "", nano.Errorf("bad-name", "a nickname is needed")
	case n > maxName:
		return "", nano.Errorf("bad-name", "a nickname has at most %d characters", maxName)
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsGraphic(r) }):
		return "", nano.Errorf("bad-name", "a nickname has visible characters only")
	}
	return name, nil
}

// cleanRoom lowers a room's name and refuses all but letters, digits, and hyphens and underscores between them.
func cleanRoom(name string) (string, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	if n := utf8.RuneCountInString(name); n == 0 || n > maxRoom {
		return "", nano.Errorf("bad-room", "a room's name has 1 to %d characters", maxRoom)
	}
	if strings.Trim(name, "-_") != name || strings.ContainsFunc(name, notInRoom) {
		return "", nano.Errorf("bad-room", "a room's name has letters and digits, with - or _ between them")
	}
	return name, nil
}

func notInRoom(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.M, unicode.Nd) && r != '-' && r != '_'
}

// cleanText trims a message, and drops control characters but for the ends of lines and tabs.
func cleanText(text string) (string, error) {
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text))
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return "", nano.Errorf("bad-message", "the message is empty")
	case n > maxText:
		return "", nano.Errorf("bad-message", "a message has at most %d characters", maxText)
	}
	return text, nil
}
