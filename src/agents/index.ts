export { AgentFilesError, loadAgents } from './load-agents.ts'
