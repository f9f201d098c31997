export { AgentFilesError, builtInAgents, loadAgents, type AgentSource } from './load-agents.ts'
