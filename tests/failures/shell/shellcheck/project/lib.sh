#!/bin/bash
say() {
	printf '%s\n' "$*"
}
