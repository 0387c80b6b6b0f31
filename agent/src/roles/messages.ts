export * from '../ipc/messages.ts';
