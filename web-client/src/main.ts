import { mount } from 'svelte';
import App from './App.svelte';
import { startEngine } from './engine/engine.ts';
import { createApp } from './state/app.ts';
import './styles/tokens.css';
import './styles/base.css';

const target = document.getElementById('app');
if (target !== null) {
  const app = createApp(startEngine());
  await app.locale.load();
  mount(App, { target, props: { app } });
}
